package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fanfare-hub/fanfare/internal/app"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(command.OutOrStdout(), "fanfare", app.DefaultConfig().ServiceVersion)
			return err
		},
	}
}
