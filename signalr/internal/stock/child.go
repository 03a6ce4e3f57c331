package stock

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// cellPatience bounds one cell. The cases bound themselves, by 20 s each; most
// take some milliseconds.
const cellPatience = 3 * time.Minute

// lineLimit bounds a line of a client's program, in bytes.
const lineLimit = 1 << 20

// result is a line of a client's program.
type result struct {
	Case    string `json:"case"`
	OK      bool   `json:"ok"`
	Missing bool   `json:"missing"` // the client has nothing to try it with
	Error   string `json:"error"`
	Cut     bool   `json:"cut"`
	Gap     int    `json:"gap"` // milliseconds that the network stays away
}

// child is one run of a client's program.
type child struct {
	command []string
	root    string

	results map[string]result
	err     error        // why there are no more results
	errors  bytes.Buffer // what it wrote to standard error
	took    time.Duration
}

// run runs the program and returns when it has ended.
func (c *child) run(ctx context.Context, server string, cell Cell, names []string) {
	begun := time.Now()
	defer func() { c.took = time.Since(begun) }()
	c.results = map[string]result{}
	ctx, cancel := context.WithTimeout(ctx, cellPatience)
	defer cancel()
	door, err := newDoorway(ctx, server)
	if err != nil {
		c.err = err
		return
	}
	defer door.stop()
	arguments := append(append(append([]string{}, c.command[1:]...), door.url(), cell.Transport, cell.Encoding), names...)
	process := exec.CommandContext(ctx, c.command[0], arguments...) //nolint:gosec // the plan names the program
	process.Dir, process.Stderr, process.WaitDelay = c.root, &c.errors, 5*time.Second
	c.err = c.follow(process, door)
}

// follow starts the process and reads it to its end.
func (c *child) follow(process *exec.Cmd, door *doorway) error {
	stdout, err := process.StdoutPipe()
	if err != nil {
		return fmt.Errorf("open standard output: %w", err)
	}
	if err := process.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	err = c.read(stdout, door)
	if err != nil {
		_ = process.Process.Kill() // what it says is of no use any more
	}
	if waited := process.Wait(); err == nil && waited != nil {
		err = fmt.Errorf("the program: %w", waited)
	}
	return err
}

func (c *child) read(stdout io.Reader, door *doorway) error {
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, lineLimit)
	for lines.Scan() {
		var r result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("the program wrote %q: %w", lines.Text(), err)
		}
		if r.Cut {
			door.cut(time.Duration(r.Gap) * time.Millisecond)
			continue
		}
		c.results[r.Case] = r
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the program: %w", err)
	}
	return nil
}
