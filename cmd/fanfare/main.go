// Command fanfare is the Fanfare server and its tools, one file per command.
//
// Exit status: 0 done, 1 something failed or was missed, 2 wrong arguments or
// configuration, 130 interrupted before it was done.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/fanfare-hub/fanfare/internal/app"
)

// The exit statuses.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a reader that has gone is an error of the write, not the end of the program
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// endings are the signals that end a command in order. A hang-up is one unless
// it is ignored, as under nohup.
func endings() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// run is the program without the process around it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand() //nolint:contextcheck // cobra hands the context to the command that runs
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = usage(err)
	}
	if exit.err != nil {
		for line := range strings.Lines(exit.err.Error()) {
			fmt.Fprintln(stderr, "fanfare:", printable(strings.TrimSuffix(line, "\n")))
		}
	}
	if exit.status == exitUsage {
		fmt.Fprintln(stderr, "Run 'fanfare --help' or 'fanfare COMMAND --help' for what is possible.")
	}
	return exit.status
}

// exitError is an error with the exit status that it means. What cobra itself
// returns has none: those are wrong arguments.
type exitError struct {
	status int
	err    error // nil: there is nobody to be told
}

func (e *exitError) Error() string { return fmt.Sprint(e.err) }
func (e *exitError) Unwrap() error { return e.err }

func usage(err error) *exitError  { return &exitError{exitUsage, err} }
func failed(err error) *exitError { return &exitError{exitFailed, err} }

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "fanfare",
		Short: "A real-time event hub that speaks SignalR and misses nothing",
		Long: `Fanfare tells people, live, what happens to their documents: it takes uploads,
extracts and scans them, keeps every event in a durable log, and sends it to
every SignalR client that follows the document.`,
		Example: `  fanfare demo                     # watch sample documents being processed
  fanfare demo report.pdf notes.txt
  fanfare serve                    # the server, on 127.0.0.1:8080, data in ./data
  fanfare tail service:fanfare     # what the server says of itself, live
  fanfare publish --help           # tell of a document of your own`,
		Version:           app.DefaultConfig().ServiceVersion,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(demoCommand(), serveCommand(), publishCommand(), tailCommand(), extractWorkerCommand(), versionCommand())
	return root
}
