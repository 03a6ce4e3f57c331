package sample

import "fmt"

// Sample is one document of the demo.
type Sample struct {
	Name      string // file name
	MediaType string // what the name and the content claim to be
	Data      []byte // the caller's own
}

// All gives the documents in the order in which the demo uploads them:
// annual-report.pdf, minutes.txt, customers.csv and damaged.pdf. The first three
// can be processed and have findings; the last one fails as damaged.
func All() ([]Sample, error) {
	report, err := annualReport()
	if err != nil {
		return nil, fmt.Errorf("write annual report: %w", err)
	}
	customers, err := customerList()
	if err != nil {
		return nil, fmt.Errorf("write customer list: %w", err)
	}
	return []Sample{
		{Name: "annual-report.pdf", MediaType: "application/pdf", Data: report},
		{Name: "minutes.txt", MediaType: "text/plain", Data: minutes()},
		{Name: "customers.csv", MediaType: "text/csv", Data: customers},
		{Name: "damaged.pdf", MediaType: "application/pdf", Data: damaged(report)},
	}, nil
}

// damaged is what is left of a PDF whose transfer broke off: no catalog and no
// table of objects, which stand at the end.
func damaged(pdf []byte) []byte {
	cut := append([]byte(nil), pdf[:len(pdf)/2]...)
	for i := len(cut) / 4; i < len(cut)/3; i++ {
		cut[i] ^= 0x5A
	}
	return cut
}
