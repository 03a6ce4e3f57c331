package sample

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
)

// margin is the left edge of the text, in points.
const margin = 72.0

// textLine is one line at a place on an A4 page, in points from the lower left.
type textLine struct {
	size, x, y float64
	text       string // ASCII
}

// pdf writes a PDF 1.4 with one of the fonts that every reader has. Catalog and
// page tree are its last objects, so that half a file is none.
type pdf struct {
	title   string
	buf     bytes.Buffer
	offsets []int // of each object, the first one has number 1
	pages   []int // object numbers of the pages' texts
	err     error
}

func newPDF(title string) *pdf {
	p := &pdf{title: title}
	p.buf.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	p.object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
	return p
}

// object writes an object and gives its number.
func (p *pdf) object(body string) int {
	p.offsets = append(p.offsets, p.buf.Len())
	number := len(p.offsets)
	fmt.Fprintf(&p.buf, "%d 0 obj\n%s\nendobj\n", number, body)
	return number
}

// page adds a page: its text now, and the page itself in bytes, since it names the
// page tree, whose number is not known before.
func (p *pdf) page(lines []textLine) {
	var content strings.Builder
	content.WriteString("BT\n")
	escape := strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`)
	for _, l := range lines {
		fmt.Fprintf(&content, "/F1 %.4g Tf 1 0 0 1 %.4g %.4g Tm (%s) Tj\n", l.size, l.x, l.y, escape.Replace(l.text))
	}
	content.WriteString("ET\n")
	packed, err := deflate(content.String())
	if err != nil && p.err == nil {
		p.err = err
	}
	number := p.object(fmt.Sprintf("<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream", len(packed), packed))
	p.pages = append(p.pages, number)
}

func deflate(text string) ([]byte, error) {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// bytes ends the document and gives it.
func (p *pdf) bytes() ([]byte, error) {
	if p.err != nil {
		return nil, p.err
	}
	tree := len(p.offsets) + len(p.pages) + 1
	kids := make([]string, len(p.pages))
	for i, content := range p.pages {
		number := p.object(fmt.Sprintf(
			"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 1 0 R >> >> /Contents %d 0 R >>", tree, content))
		kids[i] = fmt.Sprintf("%d 0 R", number)
	}
	p.object(fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(kids)))
	info := p.object(fmt.Sprintf("<< /Title (%s) >>", p.title))
	catalog := p.object(fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R >>", tree))
	start := p.buf.Len()
	fmt.Fprintf(&p.buf, "xref\n0 %d\n0000000000 65535 f \n", len(p.offsets)+1)
	for _, offset := range p.offsets {
		fmt.Fprintf(&p.buf, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&p.buf, "trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(p.offsets)+1, catalog, info, start)
	return p.buf.Bytes(), nil
}
