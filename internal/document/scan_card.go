package document

import "strings"

// The lengths of payment card numbers (ISO/IEC 7812-1).
const (
	minCard = 13
	maxCard = 19
)

// digitGroups are digits as they are written in a text, in groups parted by one
// space or one hyphen. It is a value of fixed size, since every number of a text
// becomes one.
type digitGroups struct {
	digits  [maxCard]byte // values 0-9
	lengths [maxCard]uint8
	groups  int
	total   int // digits in all groups
}

// readGroups reads groups from the start of text, as long as they fit a card
// number and are parted by the same sign.
func readGroups(text []byte) digitGroups {
	var g digitGroups
	separator := byte(0)
	for i := 0; ; i++ {
		n := digitsAt(text[i:])
		if g.total+n > maxCard {
			return g
		}
		for j, b := range text[i : i+n] {
			g.digits[g.total+j] = b - '0'
		}
		g.lengths[g.groups] = uint8(n) //nolint:gosec // at most maxCard
		g.groups++
		g.total += n
		i += n
		if i+1 >= len(text) || !isDigit(text[i+1]) || !parts(text[i], separator) {
			return g
		}
		separator = text[i]
	}
}

// parts reports whether b parts groups where separator does, 0 if none did yet.
func parts(b, separator byte) bool {
	return (b == ' ' || b == '-') && (separator == 0 || b == separator)
}

// digitsAt is how many digits text begins with, as far as a card number matters.
func digitsAt(text []byte) int {
	n := 0
	for n < len(text) && n <= maxCard && isDigit(text[n]) {
		n++
	}
	return n
}

// findCard takes a payment card number that begins at next. The longest one
// wins, since what follows a number may look like one more group of it.
func (s *scanner) findCard() bool {
	g := readGroups(s.buf[s.next:])
	for g.total >= minCard {
		end := s.next + g.total + g.groups - 1
		if isCard(g.digits[:g.total], g.lengths[:g.groups]) && ends(s.buf, end) {
			return s.takeCard(g.digits[:g.total], end)
		}
		g.groups--
		g.total -= int(g.lengths[g.groups])
	}
	return false
}

func (s *scanner) takeCard(digits []byte, end int) bool {
	start := s.next
	hint := s.hint(start)
	if hint.has(hintOther) && !hint.has(hintCard) {
		return false
	}
	around := s.before(start) | s.after(end)
	confidence := 0.9
	switch {
	case hint.has(hintCard) || around.has(hintCard):
		confidence = maxConfidence
	case around.has(hintOther):
		confidence = 0.6
	}
	s.take(&s.card, start, end, confidence, maskCard(digits))
	return true
}

func isCard(digits []byte, groups []uint8) bool {
	return isCardGrouping(groups) && isCardIssuer(digits) && !allEqual(digits) && luhn(digits)
}

// isCardGrouping reports whether cards are printed so: in one, in fours with a
// rest, 4-6-5 (American Express), 4-6-4 (Diners Club) or 6-13 (UnionPay, Maestro).
func isCardGrouping(groups []uint8) bool {
	switch {
	case len(groups) == 1:
		return true
	case len(groups) == 2:
		return groups[0] == 6 && groups[1] == 13
	case len(groups) == 3 && groups[1] == 6:
		return groups[0] == 4 && (groups[2] == 5 || groups[2] == 4)
	}
	for _, n := range groups[:len(groups)-1] {
		if n != 4 {
			return false
		}
	}
	return groups[len(groups)-1] <= 4
}

// isCardIssuer reports whether an issuer gives out numbers of this beginning and
// length.
func isCardIssuer(digits []byte) bool {
	prefix := 0
	for _, d := range digits[:6] {
		prefix = prefix*10 + int(d)
	}
	n := len(digits)
	two, three, four := prefix/10_000, prefix/1_000, prefix/100
	switch {
	case digits[0] == 4: // Visa
		return n == 13 || n == 16 || n == 19
	case two == 34, two == 37: // American Express
		return n == 15
	case two == 36, two == 38, two == 39, three >= 300 && three <= 305, four == 3095: // Diners Club
		return n == 14 || n >= 16
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720, four >= 2200 && four <= 2204, four == 9792: // Mastercard, Mir, Troy
		return n == 16
	case four >= 3528 && four <= 3589, four == 6011, three >= 644 && three <= 649, two == 65, two == 62, two == 81: // JCB, Discover, UnionPay
		return n >= 16
	default:
		return isMaestro(four)
	}
}

// isMaestro knows the blocks in use; lengths are 12 to 19.
func isMaestro(four int) bool {
	switch four {
	case 5018, 5020, 5038, 5893, 6304, 6759, 6761, 6762, 6763:
		return true
	default:
		return false
	}
}

func allEqual(digits []byte) bool {
	for _, d := range digits {
		if d != digits[0] {
			return false
		}
	}
	return true
}

// maskCard leaves the last four digits, as PCI DSS 3.4.1 allows on display.
func maskCard(digits []byte) string {
	hidden := len(digits) - 4
	var b strings.Builder
	b.WriteString(strings.Repeat("*", hidden))
	for _, d := range digits[hidden:] {
		b.WriteByte('0' + d)
	}
	return b.String()
}
