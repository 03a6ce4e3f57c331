package document

import "slices"

// findSSN takes a social security number of the United States that begins at
// next: 3-2-4 digits parted by hyphens or spaces, or nine digits in one. Three
// numbers in a row, and nine digits, are common in any text, so these two need
// a word that calls them so.
func (s *scanner) findSSN() bool {
	start := s.next
	digits, separator, ok := readSSN(s.buf[start:])
	end := start + 9
	if separator != 0 {
		end += 2
	}
	if !ok || !ends(s.buf, end) || !isSSN(digits) {
		return false
	}
	hint := s.hint(start)
	if hint.has(hintOther) && !hint.has(hintSSN) {
		return false
	}
	called := hint.has(hintSSN) || s.before(start).has(hintSSN)
	if separator != '-' && !called {
		return false
	}
	s.take(&s.ssn, start, end, ssnConfidence(separator, called), "***-**-"+string(digits[5:]))
	return true
}

func ssnConfidence(separator byte, called bool) float64 {
	confidence := 0.4
	switch separator {
	case '-':
		confidence = 0.6
	case ' ':
		confidence = 0.5
	}
	if called {
		confidence += contextBonus
	}
	return confidence
}

// readSSN reads the nine digits at the start of text; separator is 0 where there
// is none.
func readSSN(text []byte) (digits []byte, separator byte, ok bool) {
	switch {
	case len(text) >= 11 && (text[3] == '-' || text[3] == ' ') && text[6] == text[3]:
		separator = text[3]
		digits = slices.Concat(text[:3], text[4:6], text[7:11])
	case len(text) >= 9:
		digits = text[:9]
	default:
		return nil, 0, false
	}
	for _, b := range digits {
		if !isDigit(b) {
			return nil, 0, false
		}
	}
	return digits, separator, true
}

// isSSN leaves out what was never given out, and the numbers that documents and
// advertisements show.
func isSSN(digits []byte) bool {
	area, group, serial := string(digits[:3]), string(digits[3:5]), string(digits[5:])
	if area == "000" || area == "666" || area[0] == '9' || group == "00" || serial == "0000" {
		return false
	}
	switch string(digits) {
	case "078051120", "123456789", "219099999":
		return false
	default:
		return true
	}
}
