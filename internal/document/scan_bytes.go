package document

func isDigit(b byte) bool { return b-'0' < 10 }

func isLetter(b byte) bool { return b|0x20-'a' < 26 }

// isWord reports whether b goes on a name or number. Bytes of other scripts do
// not: those write numbers without spaces around them.
func isWord(b byte) bool { return isDigit(b) || isLetter(b) || b == '_' }

// begins reports whether a number of its own begins at i: not within a longer
// number, a name, a decimal fraction or a hyphenated code.
func begins(buf []byte, i int) bool {
	if i == 0 {
		return true
	}
	switch before := buf[i-1]; {
	case isWord(before), before == '+':
		return false
	case before == '-', before == '.':
		return i == 1 || !isWord(buf[i-2])
	default:
		return true
	}
}

// ends reports whether a number of its own ends before i.
func ends(buf []byte, i int) bool {
	if i == len(buf) {
		return true
	}
	switch after := buf[i]; {
	case isWord(after), after == '@':
		return false
	case after == '-', after == '.':
		return i+1 == len(buf) || !isWord(buf[i+1])
	default:
		return true
	}
}

func isLower(b byte) bool { return b-'a' < 26 }

// isSpace knows the white space of ASCII.
func isSpace(b byte) bool { return b == ' ' || b-'\t' <= '\r'-'\t' }
