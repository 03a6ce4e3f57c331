package sample

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

func all(t *testing.T) map[string]Sample {
	t.Helper()
	samples, err := All()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]Sample{}
	for _, s := range samples {
		byName[s.Name] = s
	}
	return byName
}

func TestAllGivesTheSameBytesEachTime(t *testing.T) {
	t.Parallel()
	first, second := all(t), all(t)
	for _, name := range []string{"annual-report.pdf", "minutes.txt", "customers.csv", "damaged.pdf"} {
		if len(first[name].Data) == 0 || !bytes.Equal(first[name].Data, second[name].Data) {
			t.Errorf("%s: %d and %d bytes, which differ or are none", name, len(first[name].Data), len(second[name].Data))
		}
	}
	if len(first) != 4 {
		t.Errorf("%d samples, want 4", len(first))
	}
}

func TestReportHasACrossReferenceTableThatIsRight(t *testing.T) {
	t.Parallel()
	data := all(t)["annual-report.pdf"].Data
	tail := regexp.MustCompile(`startxref\n(\d+)\n%%EOF\n$`).FindSubmatch(data)
	if tail == nil {
		t.Fatal("no startxref at the end")
	}
	start, _ := strconv.Atoi(string(tail[1]))
	entries := regexp.MustCompile(`(?m)^(\d{10}) 00000 n $`).FindAllSubmatch(data[start:], -1)
	if want := 1 + 2*reportPages + 3; len(entries) != want {
		t.Errorf("%d objects, want %d", len(entries), want)
	}
	for i, entry := range entries {
		offset, _ := strconv.Atoi(string(entry[1]))
		if want := fmt.Sprintf("%d 0 obj\n", i+1); !bytes.HasPrefix(data[offset:], []byte(want)) {
			t.Errorf("object %d is not at %d", i+1, offset)
		}
	}
	if !bytes.Contains(data, fmt.Appendf(nil, "/Count %d", reportPages)) {
		t.Errorf("page tree does not count %d pages", reportPages)
	}
}

func TestMinutesAreLongText(t *testing.T) {
	t.Parallel()
	data := all(t)["minutes.txt"].Data
	if !utf8.Valid(data) || len(data) < 3<<19 || len(data) > 3<<20 {
		t.Errorf("%d bytes, want about 2 MB of UTF-8", len(data))
	}
}

func TestCustomersHaveFindingsAndWhatOnlyLooksLikeThem(t *testing.T) {
	t.Parallel()
	records, err := csv.NewReader(bytes.NewReader(all(t)["customers.csv"].Data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) != customers+1 {
		t.Fatalf("%d records, want %d and a header", len(records), customers)
	}
	looksValid := 0
	for _, record := range records[1:] {
		card := strings.ReplaceAll(record[3], " ", "")
		if len(card) != 16 || !valid(card) {
			t.Errorf("card %q is not valid", record[3])
		}
		if valid(record[4]) {
			looksValid++
		}
	}
	if looksValid == 0 {
		t.Error("no order number passes the check of a card, so the list holds no hard negative")
	}
}

// valid is the check by the formula's definition, unlike checkDigit's.
func valid(number string) bool {
	sum := 0
	for i, c := range []byte(number) {
		n := int(c - '0')
		if (len(number)-i)%2 == 0 {
			n = []int{0, 2, 4, 6, 8, 1, 3, 5, 7, 9}[n]
		}
		sum += n
	}
	return sum%10 == 0
}

func TestDamagedIsAPDFWithoutCatalog(t *testing.T) {
	t.Parallel()
	data := all(t)["damaged.pdf"].Data
	if !bytes.HasPrefix(data, []byte("%PDF-")) || bytes.Contains(data, []byte("/Catalog")) {
		t.Error("damaged.pdf does not begin as a PDF, or still has its catalog")
	}
}
