package document

import (
	"bytes"
	"crypto/md5"
	"crypto/rc4"
	"fmt"
	"strings"
	"testing"
)

// pdfParams describe a PDF to write.
type pdfParams struct {
	pages    []string // one line each; ( ) and \ not escaped
	encrypt  bool     // with RC4-40 (ISO 32000-1, 7.6.3, revision 2)
	password string   // to open it
}

// buildPDF writes a small PDF with a correct cross-reference table.
func buildPDF(p pdfParams) []byte {
	contents := []string{}
	for _, line := range p.pages {
		contents = append(contents, fmt.Sprintf("BT /F1 11 Tf 50 700 Td (%s) Tj ET", line))
	}
	kids := []string{}
	objects := []string{"<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"}
	seal := pdfSeal{}
	if p.encrypt {
		seal = sealer(p.password)
	}
	for _, content := range contents {
		page := len(objects) + 1
		kids = append(kids, fmt.Sprintf("%d 0 R", page))
		stream := seal.encrypt(page+1, content)
		objects = append(objects,
			fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> /Contents %d 0 R >>", page+1),
			fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(stream), stream))
	}
	objects[1] = fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Join(kids, " "), len(kids))
	return assemblePDF(objects, seal.trailer())
}

func assemblePDF(objects []string, trailer string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	offsets := []int{}
	for i, object := range objects {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, trailer, start)
	return b.Bytes()
}

// pdfSeal encrypts streams; the zero value leaves them as they are.
type pdfSeal struct{ key, owner, user []byte }

const pdfPadding = "\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A"

func sealer(password string) pdfSeal {
	padded := (password + pdfPadding)[:32]
	ownerKey := md5.Sum([]byte(padded))
	owner := rc4Bytes(ownerKey[:5], padded)
	key := md5.Sum([]byte(padded + string(owner) + "\xfc\xff\xff\xff" + "fanfare-document"))
	return pdfSeal{key: key[:5], owner: owner, user: rc4Bytes(key[:5], pdfPadding)}
}

func (s pdfSeal) trailer() string {
	if s.key == nil {
		return ""
	}
	return fmt.Sprintf("/ID [<%x> <%x>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%x> /U <%x> >>",
		"fanfare-document", "fanfare-document", s.owner, s.user)
}

func (s pdfSeal) encrypt(object int, text string) string {
	if s.key == nil {
		return text
	}
	key := md5.Sum(append(bytes.Clone(s.key), byte(object), byte(object>>8), byte(object>>16), 0, 0))
	return string(rc4Bytes(key[:10], text))
}

func rc4Bytes(key []byte, text string) []byte {
	c, err := rc4.NewCipher(key)
	if err != nil {
		panic(err)
	}
	out := make([]byte, len(text))
	c.XORKeyStream(out, []byte(text))
	return out
}

func TestExtractPDF(t *testing.T) {
	t.Parallel()
	data := buildPDF(pdfParams{pages: []string{"First page", "Card 4111-1111-1111-1111 here", "Third page, write to desk@example.org"}})
	type step struct{ done, total int64 }
	steps := []step{}
	got, err := Extract(t.Context(), testWorkerArgv(), ExtractParams{Path: writeDocument(t, data), Name: "report"}, func(done, total int64) {
		steps = append(steps, step{done, total})
	})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(steps) != "[{1 3} {2 3} {3 3}]" {
		t.Errorf("progress is %v, want every page", steps)
	}
	if got.MediaType != "application/pdf" || got.Pages != 3 || got.FailedPages != 0 || got.Words != 10 {
		t.Errorf("result is %+v", got)
	}
	if len(got.Findings) != 2 {
		t.Fatalf("findings are %+v", got.Findings)
	}
	// "First page" and the break before the second page are 11 code points.
	want := Place{Page: 2, Line: 1, Start: 16, End: 35}
	if card := got.Findings[1]; card.Places[0] != want {
		t.Errorf("card is at %+v, want %+v", card.Places[0], want)
	}
	if mail := got.Findings[0]; mail.Places[0].Page != 3 || mail.Samples[0] != "d***@e***.org" {
		t.Errorf("mail is %+v", mail)
	}
}

func TestExtractPDFFailures(t *testing.T) {
	t.Parallel()
	good := buildPDF(pdfParams{pages: []string{"One", "Two"}})
	tests := []struct {
		name, code string
		data       []byte
	}{
		{"password", CodePasswordRequired, buildPDF(pdfParams{pages: []string{"Secret"}, encrypt: true, password: "open sesame"})},
		{"truncated", CodeDamaged, good[:60]},
		{"header only", CodeDamaged, []byte("%PDF-1.7\n")},
		{"overwritten", CodeDamaged, append([]byte("%PDF-1.4\n"), bytes.Repeat([]byte{0xA5, 'x', '\n'}, 2_000)...)},
		{"no pages", CodeDamaged, buildPDF(pdfParams{})},
		{"too many pages", CodeLimitExceeded, assemblePDF([]string{
			"<< /Type /Catalog /Pages 2 0 R >>",
			fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", strings.Repeat("3 0 R ", maxPages+1), maxPages+1),
			"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 10 10] >>",
		}, "")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := extract(t, "report.pdf", tt.data)
			t.Logf("%+v %v", got, err)
			wantFailure(t, err, tt.code)
		})
	}
}

// The same encryption with the empty password opens: "password" above fails for
// the password only.
func TestExtractPDFEncryptedForOwnerOnly(t *testing.T) {
	t.Parallel()
	data := buildPDF(pdfParams{pages: []string{"Four words of text"}, encrypt: true})
	got, err := extract(t, "report.pdf", data)
	if err != nil || got.Words != 4 {
		t.Errorf("result %+v, %v", got, err)
	}
}

// bombPDF has a page that draws a form that draws ten forms, and so on, 10^12
// texts in all, between pages that are harmless.
func bombPDF(harmless bool) []byte {
	font := "/Resources << /Font << /F1 4 0 R >> /XObject << /X 5 0 R >> >>"
	text := "BT /F1 11 Tf 50 700 Td (Harmless page) Tj ET"
	stream := func(dict, content string) string {
		return fmt.Sprintf("<< %s /Length %d >>\nstream\n%s\nendstream", dict, len(content), content)
	}
	const depth, bomb, plain, first = 12, 3, 17, 5
	kids := fmt.Sprintf("%d 0 R", bomb)
	if harmless {
		kids = fmt.Sprintf("%d 0 R %d 0 R %d 0 R", plain, bomb, plain)
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		fmt.Sprintf("<< /Type /Pages /Kids [%s] /Count %d >>", kids, strings.Count(kids, "R")),
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] " + font + " /Contents 19 0 R >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	for i := range depth {
		dict := fmt.Sprintf("/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /Font << /F1 4 0 R >> /XObject << /X %d 0 R >> >>", first+i+1)
		content := strings.Repeat("/X Do ", 10)
		if i == depth-1 {
			content = text
		}
		objects = append(objects, stream(dict, content))
	}
	objects = append(objects,
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "+font+" /Contents 18 0 R >>",
		stream("", text), stream("", strings.Repeat("/X Do ", 10)))
	return assemblePDF(objects, "")
}

func TestExtractPDFBombIsRefused(t *testing.T) {
	t.Parallel()
	_, err := extract(t, "report.pdf", bombPDF(false))
	wantFailure(t, err, CodeLimitExceeded)
}

func TestExtractPDFPassesOverAPageThatFails(t *testing.T) {
	t.Parallel()
	got, err := extract(t, "report.pdf", bombPDF(true))
	if err != nil {
		t.Fatal(err)
	}
	if got.Pages != 3 || got.FailedPages != 1 || got.Words != 4 {
		t.Errorf("result is %+v, want the words of two pages of three", got)
	}
}
