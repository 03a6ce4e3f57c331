package document

import "bytes"

const (
	// contextBefore and contextAfter are the bytes around a value in which a
	// word may say what it is: about a line before, half a line after.
	contextBefore = 60
	contextAfter  = 30

	// contextBonus is what such a word adds to the confidence of a pattern.
	contextBonus = 0.35

	// maxConfidence: nothing that only looks at text is certain.
	maxConfidence = 0.99
)

// hint is what words say of the values beside them, as a set.
type hint uint8

const (
	hintCard hint = 1 << iota
	hintSSN
	hintEmail
	hintOther // a number of another kind
)

func (h hint) has(one hint) bool { return h&one != 0 }

// before is what the text before i says.
func (s *scanner) before(i int) hint {
	from := max(0, i-contextBefore)
	for from > 0 && from < i && isLetter(s.buf[from-1]) && isLetter(s.buf[from]) {
		from++ // the rest of a word is another word
	}
	window := s.buf[from:i]
	if s.columns != nil {
		// The line above is another record, or the header of all columns.
		window = window[bytes.LastIndexByte(window, '\n')+1:]
	}
	return hintsIn(window)
}

// after is what the text from i on says.
func (s *scanner) after(i int) hint {
	window := s.buf[i:min(len(s.buf), i+contextAfter)]
	if line, _, found := bytes.Cut(window, []byte{'\n'}); found && s.columns != nil {
		window = line
	}
	return hintsIn(window)
}

// hintsIn adds up what the words of the text say. Words are runs of letters; a
// capital after a small letter begins another one.
func hintsIn(text []byte) hint {
	var found hint
	var previous, current word
	for i, b := range text {
		if !isLetter(b) {
			continue
		}
		if i == 0 || !isLetter(text[i-1]) || isLower(text[i-1]) && !isLower(b) {
			previous, current = current, word{}
		}
		current.add(b)
		if last := i+1 == len(text) || !isLetter(text[i+1]) || isLower(b) && !isLower(text[i+1]); last {
			found |= current.hint(previous)
		}
	}
	return found
}

// word is the beginning of a word in small letters; none of those that say
// something is longer.
type word struct {
	letters [12]byte
	length  int
}

func (w *word) add(b byte) {
	if w.length < len(w.letters) {
		w.letters[w.length] = b | 0x20
	}
	w.length++
}

func (w *word) is(text string) bool {
	return w.length == len(text) && string(w.letters[:w.length]) == text
}

// hint is what the word says, coming after the previous one.
func (w *word) hint(previous word) hint {
	switch string(w.letters[:min(w.length, len(w.letters))]) {
	case "card", "cards", "credit", "debit", "visa", "mastercard", "amex", "maestro", "pan", "cvv", "cvc", "payment", "cc":
		return hintCard
	case "ssn", "ssns", "taxpayer":
		return hintSSN
	case "mail", "mails", "email", "emails", "contact":
		return hintEmail
	case "order", "orders", "invoice", "tracking", "isbn", "ean", "imei", "serial", "sku", "part":
		return hintOther
	case "security", "sec":
		if previous.is("social") || previous.is("soc") {
			return hintSSN
		}
	}
	return 0
}
