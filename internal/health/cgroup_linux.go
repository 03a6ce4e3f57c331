package health

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const cgroupRoot = "sys/fs/cgroup"

// allowed is what the process's control groups let it use; 0 is no limit.
type allowed struct {
	cores  float64
	memory uint64 // bytes
}

// readAllowed returns the tightest limits on the way from the process's control
// groups up to their roots. In a container the groups named by /proc are often
// not in sight, and the mount's root is the container's own: so a file that is
// missing on the way says nothing.
func readAllowed(root fs.FS) allowed {
	var a allowed
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return a
	}
	for line := range strings.Lines(string(groups)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		controllers, group := strings.Split(fields[1], ","), fields[2]
		switch {
		case fields[1] == "":
			a.readV2(root, group)
		case slices.Contains(controllers, "cpu"):
			a.readCPUV1(root, group)
		case slices.Contains(controllers, "memory"):
			a.readMemoryV1(root, group)
		}
	}
	return a
}

func (a *allowed) readV2(root fs.FS, group string) {
	for dir := range ancestors(cgroupRoot, group) {
		quota, period, _ := strings.Cut(readLine(root, dir, "cpu.max"), " ")
		a.limitCores(quota, period)
		a.limitMemory(readLine(root, dir, "memory.max"))
	}
}

func (a *allowed) readCPUV1(root fs.FS, group string) {
	for dir := range ancestors(path.Join(cgroupRoot, "cpu"), group) {
		a.limitCores(readLine(root, dir, "cpu.cfs_quota_us"), readLine(root, dir, "cpu.cfs_period_us"))
	}
}

func (a *allowed) readMemoryV1(root fs.FS, group string) {
	for dir := range ancestors(path.Join(cgroupRoot, "memory"), group) {
		a.limitMemory(readLine(root, dir, "memory.limit_in_bytes"))
	}
}

// limitCores takes "max" and -1 as no quota.
func (a *allowed) limitCores(quota, period string) {
	q, errQuota := strconv.ParseFloat(quota, 64)
	p, errPeriod := strconv.ParseFloat(period, 64)
	if errQuota != nil || errPeriod != nil || q <= 0 || p <= 0 {
		return
	}
	if a.cores == 0 || q/p < a.cores {
		a.cores = q / p
	}
}

// limitMemory takes "max" as no limit, and so what version 1 writes for none:
// the largest page-aligned int64.
func (a *allowed) limitMemory(text string) {
	const none = 1 << 62
	limit, err := strconv.ParseUint(text, 10, 64)
	if err != nil || limit == 0 || limit >= none {
		return
	}
	if a.memory == 0 || limit < a.memory {
		a.memory = limit
	}
}

// ancestors yields the group's directory and those above it, the mount's last.
func ancestors(mount, group string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for dir := path.Clean("/" + group); ; dir = path.Dir(dir) {
			if !yield(path.Join(mount, dir)) || dir == "/" {
				return
			}
		}
	}
}

func readLine(root fs.FS, dir, name string) string {
	text, err := fs.ReadFile(root, path.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
