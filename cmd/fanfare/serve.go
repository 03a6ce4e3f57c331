package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/fanfare-hub/fanfare/internal/app"
	apphub "github.com/fanfare-hub/fanfare/internal/app/hub"
)

// drain is how long a server may take to stop: Aspire kills after 6 s.
const drain = 5 * time.Second

func serveCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server: hub, API, document service and event log in one process.

Every setting has an environment variable, named in brackets. A flag goes
before the environment, the environment before the file, the file before the
default. Only in the environment:
  ` + environmentNames(),
		Example: `  fanfare serve
  fanfare serve --listen 127.0.0.1:9000 --data-dir /var/lib/fanfare
  PORT=9000 fanfare serve`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := loadSettings(command)
			if err != nil {
				return err
			}
			return serve(command, config)
		},
	}
	addSettings(command)
	return command
}

// serve runs the server until the context ends or a part of it fails.
func serve(command *cobra.Command, config app.Config) error {
	ctx := command.Context()
	server := app.New(config, logTo(command, config.LogLevel))
	if err := server.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // stopped before it was up
		}
		return failed(err)
	}
	welcome(command.OutOrStdout(), server.URL())
	if config.Open {
		fmt.Fprintln(command.ErrOrStderr(), "Warning: FANFARE_AUTH=none: whoever reaches this address may do everything.")
	}
	var broken error
	select {
	case <-ctx.Done():
	case broken = <-server.Failed():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := server.Stop(stopping); err != nil {
		return failed(err)
	}
	if broken != nil {
		return failed(broken)
	}
	return nil
}

// welcome says where the server listens and what to try next.
func welcome(out io.Writer, url string) {
	fmt.Fprintf(out, `Fanfare listens on %[1]s

Try next:
  echo 'card 4111 1111 1111 1111' | curl --data-binary @- '%[1]s/api/documents?name=note.txt'
  curl '%[1]s/api/documents'
  curl '%[1]s/health'
Or open %[1]s/ in a browser and drop a file. SignalR clients: %[1]s%[2]s
`, url, apphub.Path)
}
