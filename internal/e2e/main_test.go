package e2e

import (
	"fmt"
	"os"
	"testing"

	"github.com/fanfare-hub/fanfare/internal/document"
)

// extractWorker is the argument by which the test binary becomes the
// extraction child of the servers that the tests start.
const extractWorker = "extract-worker"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == extractWorker {
		if err := document.ExtractWorker(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}
