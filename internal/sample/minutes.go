package sample

import (
	"bytes"
	"fmt"
)

// meetings makes minutes of about 2 MB: enough for progress in several steps.
const meetings = 1_100

func minutes() []byte {
	p := newProse(2)
	var b bytes.Buffer
	b.WriteString("MINUTES OF THE WORKS COMMITTEE\n\n")
	for n := range meetings {
		fmt.Fprintf(&b, "Meeting %d\n\nPresent: the chair, the secretary, members 1 to %d. Agenda item %d.%d.\n\n", n+1, 4+p.rng.IntN(9), n+1, 1+p.rng.IntN(6))
		for range 4 {
			for _, line := range wrap(p.paragraph(5), 96) {
				b.WriteString(line + "\n")
			}
			b.WriteString("\n")
		}
		if n%100 == 50 {
			fmt.Fprintf(&b, "Questions to the secretary: secretary-%d@example.com\n\n", n/100+1)
		}
		if n == meetings/2 {
			b.WriteString("The deposit for the hall was paid by credit card 5555 5555 5555 4444 and is to be refunded.\n\n")
		}
	}
	return b.Bytes()
}
