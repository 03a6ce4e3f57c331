//go:build !unix

package document

import "os/exec"

// isolate has nothing to do where there are no process groups.
func isolate(*exec.Cmd) {}
