package document

import (
	"context"
	"fmt"
	"strings"
)

const (
	// maxPages is beyond any real document; the page count is a number in the
	// file, and a hostile one names thousands of millions.
	maxPages = 20_000

	// maxText bounds the extracted text of a PDF, in bytes: compressed streams
	// make much of little.
	maxText = 256 << 20
)

// readPDF extracts page by page. A page that cannot be read is counted and
// passed over; a document without one readable page is damaged.
func readPDF(ctx context.Context, in input, p *pass, progress progressFunc) error {
	engine, err := startPDFium(ctx)
	if err != nil {
		return err
	}
	defer engine.close(ctx)
	doc, err := engine.open(ctx, in)
	if err != nil {
		return err
	}
	defer doc.close()
	if doc.pages > maxPages {
		return &Failure{Code: CodeLimitExceeded, Message: fmt.Sprintf("the document has more than %d pages", maxPages)}
	}
	if err := readPages(ctx, doc, p, progress); err != nil {
		return err
	}
	if p.failedPages == doc.pages {
		return engine.unreadable("none of its pages can be read")
	}
	return nil
}

func readPages(ctx context.Context, doc *pdfDocument, p *pass, progress progressFunc) error {
	normalise := strings.NewReplacer("\r\n", "\n", "\f", "\n", hyphenBreak, "-", softHyphen, "-")
	extracted := 0
	for i := range doc.pages {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("read document: %w", err)
		}
		text, ok := doc.text(ctx, i)
		if !ok {
			p.failedPages++
		}
		extracted += len(text)
		if extracted > maxText {
			return &Failure{Code: CodeLimitExceeded, Message: fmt.Sprintf("the document has more than %d MiB of text", maxText>>20)}
		}
		p.write([]byte(normalise.Replace(text)))
		p.endPage()
		if err := progress(int64(i+1), int64(doc.pages)); err != nil {
			return err
		}
	}
	return nil
}
