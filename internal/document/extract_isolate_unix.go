//go:build unix

package document

import (
	"os/exec"
	"syscall"
)

// isolate gives the child a process group of its own, so that the terminal's
// Ctrl-C reaches the server only: the server decides what becomes of a document
// under way.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
