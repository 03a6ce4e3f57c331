package main

import (
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fanfare-hub/fanfare/internal/app"
)

// addSettings gives the command a flag for each line of the configuration
// table that has one.
func addSettings(command *cobra.Command) {
	flags := command.Flags()
	for _, setting := range app.Settings() {
		if setting.Flag == "" {
			continue
		}
		flags.String(setting.Flag, setting.Default, setting.Help+" ["+setting.Name+"]")
		if setting.Switch {
			flags.Lookup(setting.Flag).NoOptDefVal = "true"
		}
	}
}

// loadSettings reads the configuration: flags, environment, file, defaults.
func loadSettings(command *cobra.Command) (app.Config, error) {
	given := map[string]string{}
	command.Flags().Visit(func(flag *pflag.Flag) { given[flag.Name] = flag.Value.String() })
	config, err := app.Load(given, os.LookupEnv)
	if err != nil {
		return app.Config{}, usage(err)
	}
	return withWorker(config)
}

// withWorker names this very program as the extraction child.
func withWorker(config app.Config) (app.Config, error) {
	self, err := os.Executable()
	if err != nil {
		return app.Config{}, failed(err)
	}
	config.Worker = []string{self, extractWorker}
	return config, nil
}

// logTo is the server's log, on standard error.
func logTo(command *cobra.Command, level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(command.ErrOrStderr(), &slog.HandlerOptions{Level: level}))
}

// environmentNames lists the settings that only the environment has.
func environmentNames() string {
	var names []string
	for _, setting := range app.Settings() {
		if setting.Flag == "" {
			names = append(names, setting.Name+": "+setting.Help)
		}
	}
	return strings.Join(names, "\n  ")
}
