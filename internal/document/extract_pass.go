package document

import (
	"unicode"
	"unicode/utf8"
)

// pass takes the text of a document page by page, each piece once: statistics
// and scan see it as it is extracted, and nothing keeps it.
type pass struct {
	mediaType   string
	pages       int
	failedPages int
	count       counter
	open        bool // the page has text already
	scan        *scanner
}

func newPass(mediaType string) *pass {
	return &pass{mediaType: mediaType, scan: newScanner(mediaType == typeCSV)}
}

// write takes the next piece of the page's text, in whole code points.
func (p *pass) write(text []byte) {
	p.open = p.open || len(text) > 0
	p.count.write(text)
	p.scan.write(text)
}

// endPage ends a page; nothing is found across it.
func (p *pass) endPage() {
	p.pages++
	p.open = false
	p.count.inWord = false
	p.scan.endPage()
}

func (p *pass) result() Result {
	return Result{
		MediaType:   p.mediaType,
		Pages:       p.pages,
		FailedPages: p.failedPages,
		Words:       p.count.words,
		Characters:  p.count.characters,
		Findings:    p.scan.findings(),
	}
}

// counter counts code points and words.
type counter struct {
	characters int
	words      int
	inWord     bool
}

func (c *counter) write(text []byte) {
	words, characters, inWord := c.words, c.characters, c.inWord
	for i := 0; i < len(text); {
		space, size := isSpace(text[i]), 1
		if text[i] >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRune(text[i:])
			space = unicode.IsSpace(r)
		}
		if !space && !inWord {
			words++
		}
		inWord = !space
		characters++
		i += size
	}
	c.words, c.characters, c.inWord = words, characters, inWord
}
