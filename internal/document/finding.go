package document

// Finding is what the scan found in one document under one rule. It holds no
// raw value: samples are masked before they leave the child process.
type Finding struct {
	Framework  string   `json:"framework"` // PCI-DSS, HIPAA or GDPR
	Rule       string   `json:"rule"`
	Severity   int      `json:"severity"` // 1-10
	Count      int      `json:"count"`
	Confidence float64  `json:"confidence"` // 0-1, the greatest of all matches
	Samples    []string `json:"samples"`    // masked, distinct, at most 20
	Places     []Place  `json:"places"`     // the first 1,000
}

// Place is where a match stands. Start and End (exclusive) count code points of
// the whole extracted text, in which one form feed parts two pages.
type Place struct {
	Page  int `json:"page"` // from 1
	Line  int `json:"line"` // from 1, within the page
	Start int `json:"start"`
	End   int `json:"end"`
}
