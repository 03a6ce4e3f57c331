package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// child is a server in a process of its own.
type child struct {
	command *exec.Cmd
	dir     string
	base    string
}

// start runs this program again as a server of that kind.
func start(ctx context.Context, kind string) (*child, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "eventbench")
	if err != nil {
		return nil, err
	}
	c := &child{command: exec.CommandContext(ctx, program, "-serve", kind, "-dir", dir), dir: dir} //nolint:gosec // it is this program
	c.command.Stderr = os.Stderr
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("start the server %s: %w", kind, err)
	}
	c.base = strings.TrimSpace(line)
	return c, nil
}

// stop ends the server and removes its data.
func (c *child) stop() {
	_ = c.command.Process.Signal(os.Interrupt)
	_ = c.command.Wait() // it has no more to say than that it was interrupted
	_ = os.RemoveAll(c.dir)
}

// clockTick is the unit of the kernel's times in /proc, the same on all that
// Go runs on.
const clockTick = 10 * time.Millisecond

// cpu is the user and system time that the server has used.
func (c *child) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.command.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read the server's CPU time (Linux only): %w", err)
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime, proc(5)
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the server's CPU time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}
