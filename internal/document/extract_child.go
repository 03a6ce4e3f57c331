package document

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	// exitGrace is how long a child that has closed its output may take to end:
	// enough to write a crash report, and no document waits longer than that.
	exitGrace = 5 * time.Second

	// pipeGrace bounds the wait for a pipe that something else than the killed
	// child holds open.
	pipeGrace = 2 * time.Second
)

// child is a running extraction process. All of it belongs to the goroutine that
// called [Extract]; os/exec writes stderr until end has returned.
type child struct {
	cmd    *exec.Cmd
	kill   context.CancelFunc
	stdin  io.Writer
	out    *messages
	stderr *excerpt
}

// errNoChild: the process could not be started, for want of descriptors or
// memory of this machine. It says nothing about the document.
var errNoChild = errors.New("start extraction process")

// startChild starts argv, to be killed when ctx ends.
func startChild(ctx context.Context, argv []string) (*child, error) {
	if len(argv) == 0 {
		return nil, errors.New("start extraction process: empty command")
	}
	ctx, kill := context.WithCancel(ctx)
	c := &child{kill: kill, stderr: &excerpt{}}
	c.cmd = exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the command is the operator's, not a client's
	c.cmd.Stderr = c.stderr
	c.cmd.Env = childEnv(os.Environ())
	c.cmd.WaitDelay = pipeGrace
	isolate(c.cmd)
	if err := c.start(); err != nil {
		kill()
		return nil, fmt.Errorf("%w: %w", errNoChild, err)
	}
	return c, nil
}

func (c *child) start() error {
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	c.stdin, c.out = stdin, newMessages(stdout)
	return c.cmd.Start()
}

// end awaits the child and gives how it ended. A child that still runs is killed
// at once: after its answer, or a broken one, nothing in it is worth waiting for.
func (c *child) end(running bool) error {
	defer c.kill()
	if running {
		c.kill()
		return c.cmd.Wait()
	}
	late := time.AfterFunc(exitGrace, c.kill)
	defer late.Stop()
	return c.cmd.Wait()
}

// broken is the failure of a child that gave no answer.
func (c *child) broken(cause, exit error) *Failure {
	f := &Failure{Code: CodeInternal, Message: "the extraction process ended without a result", Detail: c.detail(cause, exit)}
	if c.stderr.contains("out of memory") || c.stderr.contains("cannot allocate memory") {
		f.Code, f.Message = CodeLimitExceeded, "the document needs more memory than is allowed"
	}
	return f
}

func (c *child) detail(cause, exit error) string {
	how := "exit status 0"
	if exit != nil {
		how = exit.Error()
	}
	return fmt.Sprintf("%v; %s; stderr: %s", cause, how, c.stderr)
}

// childEnv leaves the child what it needs to find its cache and temporary
// directory. It reads hostile input, so it is not given the server's secrets.
func childEnv(env []string) []string {
	keep := []string{
		"HOME", "PATH", "TMPDIR", "XDG_CACHE_HOME", "GOTRACEBACK",
		"LOCALAPPDATA", "SYSTEMROOT", "TEMP", "TMP", "USERPROFILE",
	}
	kept := []string{}
	for _, setting := range env {
		name, _, _ := strings.Cut(setting, "=")
		if slices.Contains(keep, strings.ToUpper(name)) {
			kept = append(kept, setting)
		}
	}
	return kept
}
