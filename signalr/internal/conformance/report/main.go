// Command report writes docs/conformance.md: which test shows which behaviour
// of SignalR. It runs in the root of the project, as `make conformance-report`
// does.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/fanfare-hub/fanfare/signalr/internal/conformance"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	findings, err := conformance.Find(os.DirFS(root))
	if err != nil {
		return err
	}
	name := filepath.Join(root, filepath.FromSlash(conformance.ReportFile))
	if err := os.WriteFile(name, conformance.Write(findings), 0o644); err != nil { //nolint:gosec // a document that everybody may read
		return fmt.Errorf("write the report: %w", err)
	}
	for _, wrong := range conformance.Check(findings) {
		fmt.Fprintln(os.Stderr, wrong)
	}
	return nil
}
