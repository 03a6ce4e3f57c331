package health

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// readUsage samples the process. The limits are read each time: an orchestrator
// may change them while the process runs.
func readUsage() (usage, error) {
	root := os.DirFS("/")
	resident, err := readResident(root)
	if err != nil {
		return usage{}, err
	}
	var spent syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &spent); err != nil {
		return usage{}, fmt.Errorf("read CPU time: %w", err)
	}
	limits := readAllowed(root)
	return usage{
		resident:    resident,
		cpu:         time.Duration(spent.Utime.Nano() + spent.Stime.Nano()),
		cores:       coresWithin(limits.cores, runtime.GOMAXPROCS(0)),
		memoryLimit: limits.memory,
	}, nil
}

// readResident reads the second figure of statm: resident pages.
func readResident(root fs.FS) (uint64, error) {
	text, err := fs.ReadFile(root, "proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("read memory: statm has %d figures", len(fields))
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	return pages * uint64(os.Getpagesize()), nil //nolint:gosec // a page size is positive
}
