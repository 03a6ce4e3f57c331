package main

import (
	"github.com/spf13/cobra"

	"github.com/fanfare-hub/fanfare/internal/document"
)

// extractWorker is the hidden command that reads one document for the server,
// in a process that can be killed.
const extractWorker = "extract-worker"

func extractWorkerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    extractWorker,
		Short:  "Extract one document for the server (internal)",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := document.ExtractWorker(command.InOrStdin(), command.OutOrStdout()); err != nil {
				return failed(err)
			}
			return nil
		},
	}
}
