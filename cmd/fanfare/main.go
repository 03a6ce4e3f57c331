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
	"syscall"

	"github.com/spf13/cobra"
)

// The exit statuses.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
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
		fmt.Fprintln(stderr, "fanfare:", exit.err)
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
	err    error
}

func (e *exitError) Error() string { return e.err.Error() }
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
  fanfare serve                    # the server, on 127.0.0.1:8080, data in ./data`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(demoCommand(), serveCommand(), extractWorkerCommand(), versionCommand())
	return root
}
