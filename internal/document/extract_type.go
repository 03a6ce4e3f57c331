package document

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// The media types that can be extracted.
const (
	typePDF  = "application/pdf"
	typeText = "text/plain"
	typeCSV  = "text/csv"
)

// detectType finds the media type from the content and leaves f at its start.
// The name decides between plain text and CSV only, which look alike.
func detectType(f io.ReadSeeker, name string) (string, error) {
	found, err := mimetype.DetectReader(f)
	if err != nil {
		return "", fmt.Errorf("read document: %w", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read document: %w", err)
	}
	extension := strings.ToLower(path.Ext(name))
	switch {
	case found.Is(typePDF):
		return typePDF, nil
	case found.Is(typeCSV) && extension != ".txt", found.Is(typeText) && extension == ".csv":
		return typeCSV, nil
	case found.Is(typeText), found.Is(typeCSV):
		return typeText, nil
	default:
		return "", unsupported(found.String())
	}
}

func unsupported(what string) *Failure {
	return &Failure{Code: CodeUnsupportedType, Message: fmt.Sprintf("the document is %s; PDF, and plain text and CSV in UTF-8 can be processed", what)}
}
