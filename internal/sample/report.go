package sample

import "fmt"

// reportPages are enough to watch the percentage grow.
const reportPages = 60

func annualReport() ([]byte, error) {
	p := newProse(1)
	doc := newPDF("Annual Report")
	doc.page(coverPage())
	for n := 2; n <= reportPages; n++ {
		doc.page(reportPage(p, n))
	}
	return doc.bytes()
}

func coverPage() []textLine {
	return []textLine{
		{size: 28, x: margin, y: 560, text: "Annual Report"},
		{size: 14, x: margin, y: 530, text: "Figures, decisions and outlook of a company that does not exist"},
		{size: 10, x: margin, y: 90, text: "Questions: investor-relations@example.com"},
	}
}

// reportPage has a heading, running text, and the page number at the foot.
func reportPage(p prose, number int) []textLine {
	lines := []textLine{{size: 16, x: margin, y: 760, text: fmt.Sprintf("%d. %s", number-1, heading(number))}}
	y := 728.0
	for _, paragraph := range reportParagraphs(p, number) {
		for _, text := range wrap(paragraph, 92) {
			lines = append(lines, textLine{size: 10.5, x: margin, y: y, text: text})
			y -= 15
		}
		y -= 10
	}
	return append(lines, textLine{size: 9, x: 285, y: 40, text: fmt.Sprintf("Page %d of %d", number, reportPages)})
}

func heading(number int) string {
	headings := []string{"Outlook", "Sites and Buildings", "Suppliers", "Risks", "People", "Energy", "Finance", "Customers"}
	return headings[number%len(headings)]
}

func reportParagraphs(p prose, number int) []string {
	paragraphs := []string{}
	for range 6 {
		paragraphs = append(paragraphs, p.paragraph(5))
	}
	switch number {
	case 17:
		paragraphs[3] = "During the test of the new shop the card 4111 1111 1111 1111 was charged and credited again; the entry is kept for the auditor."
	case 33:
		paragraphs[2] = "Complaints about this chapter go to complaints@example.com, with a copy to audit@example.com."
	case 48:
		paragraphs[4] = "The sample record in the appendix named the social security number 781-22-4417; it was made up for the training."
	}
	return paragraphs
}
