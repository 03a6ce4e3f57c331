package document

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// scanned is the findings in text, written in pieces of the given sizes; the rest
// goes in one.
func scanned(csv bool, text string, sizes ...int) []Finding {
	s := newScanner(csv)
	for _, n := range sizes {
		n = min(n, len(text))
		s.write([]byte(text[:n]))
		text = text[n:]
	}
	s.write([]byte(text))
	s.endPage()
	return s.findings()
}

// samples are the masked samples with their rules.
func samplesIn(csv bool, text string) []string {
	found := []string{}
	for _, f := range scanned(csv, text) {
		for _, sample := range f.Samples {
			found = append(found, f.Rule+" "+sample)
		}
	}
	return found
}

func TestScan(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"visa", "4111111111111111", "payment_card ************1111"},
		{"visa in fours", "4111 1111 1111 1111", "payment_card ************1111"},
		{"visa with hyphens", "x: 4111-1111-1111-1111.", "payment_card ************1111"},
		{"visa of 13 digits", "4222222222222", "payment_card *********2222"},
		{"amex", "378282246310005", "payment_card ***********0005"},
		{"amex in 4-6-5", "3782 822463 10005", "payment_card ***********0005"},
		{"mastercard", "(5555555555554444)", "payment_card ************4444"},
		{"mastercard, second range", "2223003122003222", "payment_card ************3222"},
		{"diners", "3056 930902 5904", "payment_card **********5904"},
		{"discover", "6011111111111117", "payment_card ************1117"},
		{"jcb", "3530111333300000", "payment_card ************0000"},
		{"maestro", "6759649826438453", "payment_card ************8453"},
		{"card before its date", "4111 1111 1111 1111 12/29", "payment_card ************1111"},
		{"card before its code", "4111 1111 1111 1111 123", "payment_card ************1111"},
		{"card after a number", "Order 12 4111 1111 1111 1111", "payment_card ************1111"},
		{"card in other script", "卡号4111111111111111。", "payment_card ************1111"},
		{"card over two lines", "4111 1111\n1111 1111", ""},
		{"wrong check digit", "4111111111111112", ""},
		{"unknown issuer", "1111111111111117", ""},
		{"equal digits", "0000000000000000", ""},
		{"within a longer number", "94111111111111111", ""},
		{"within a name", "A4111111111111111", ""},
		{"hyphenated code", "ORD-4111111111111111", ""},
		{"decimal", "0.4111111111111111", ""},
		{"twenty digits", "41111111111111111111", ""},
		{"mixed separators", "4111 1111-1111 1111", ""},
		{"odd groups", "41 11 1111 1111 1111", ""},
		{"uuid", "5f0c0d6e-4111-4111-8111-411111111111", ""},

		{"ssn", "Employee 219-44-1234", "us_ssn ***-**-1234"},
		{"ssn with spaces and a word", "SSN: 219 44 1234", "us_ssn ***-**-1234"},
		{"ssn without separators", "Social Security No. 219441234", "us_ssn ***-**-1234"},
		{"camel case", "customerSSN=219441234", "us_ssn ***-**-1234"},
		{"three numbers", "totals 219 44 1234", ""},
		{"nine digits", "call 219441234", ""},
		{"within another word", "classname 219441234", ""},
		{"word too far away", "ssn " + strings.Repeat(". ", 40) + "219441234", ""},
		{"area 000", "000-44-1234", ""},
		{"area 666", "666-44-1234", ""},
		{"area 900", "900-44-1234", ""},
		{"group 00", "219-00-1234", ""},
		{"serial 0000", "219-44-0000", ""},
		{"advertised", "SSN 078-05-1120", ""},
		{"documented", "SSN 123-45-6789", ""},
		{"longer code", "219-44-1234-5", ""},
		{"part of a code", "AB-219-44-1234", ""},
		{"telephone", "+219-44-1234", ""},

		{"mail", "write to desk.two+x@mail.example.co.uk.", "email d***@m***.uk"},
		{"mail in brackets", "<Desk@Example.COM>", "email D***@E***.COM"},
		{"mail in a link", "?to=desk@example.com&x=1", "email d***@e***.com"},
		{"no top level", "root@localhost", ""},
		{"no local part", "@example.com", ""},
		{"version", "pkg@1.2.3", ""},
		{"image", "icon@2x.png", ""},
		{"empty label", "a@example..com", ""},
		{"dot before the at", "a.@example.com", ""},
		{"long local part", strings.Repeat("a", 65) + "@example.com", ""},
		{"long label", "a@" + strings.Repeat("b", 64) + ".com", ""},
		{"number in a mail", "4111111111111111@example.com", "email 4***@e***.com"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(samplesIn(false, tt.text), "; "); got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestScanCSVByHeader(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"header names the column", "id,ssn\n1,219441234\n", "us_ssn ***-**-1234"},
		{"another column", "ssn,id\n,219441234\n", ""},
		{"semicolons", "id;social_security_number\n1;219441234\n", "us_ssn ***-**-1234"},
		{"tabs", "id\tSSN\n1\t219441234\n", "us_ssn ***-**-1234"},
		{"quoted delimiter", "name,ssn\n\"A, B\",219441234\n", "us_ssn ***-**-1234"},
		{"quoted quote", "name,ssn\n\"A \"\",\"\" B\",219441234\n", "us_ssn ***-**-1234"},
		{"quoted line", "name,ssn\n\"A\nB\",219441234\n", "us_ssn ***-**-1234"},
		{"quote within a field", "size,ssn\n5\",219441234\n", "us_ssn ***-**-1234"},
		{"order number", "order_number,x\n4111111111111111,1\n", ""},
		{"part number", "x,part_number\n1,219-44-1234\n", ""},
		{"card of an order", "order_card,x\n4111111111111111,1\n", "payment_card ************1111"},
		{"word in the same record", "ssn,219441234", "us_ssn ***-**-1234"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(samplesIn(true, tt.text), "; "); got != tt.want {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

func TestScanPlaces(t *testing.T) {
	t.Parallel()
	s := newScanner(false)
	s.write([]byte("Grüße 你好\ncard 4111111111111111\n"))
	s.endPage()
	s.write([]byte("4111111111111111"))
	s.endPage()
	want := []Place{{Page: 1, Line: 2, Start: 14, End: 30}, {Page: 2, Line: 1, Start: 32, End: 48}}
	if got := s.findings()[0].Places; !slices.Equal(got, want) {
		t.Errorf("places are %+v, want %+v", got, want)
	}
}

func TestScanFindsNothingAcrossPages(t *testing.T) {
	t.Parallel()
	s := newScanner(false)
	s.write([]byte("4111 1111 "))
	s.endPage()
	s.write([]byte("1111 1111"))
	s.endPage()
	if got := s.findings(); len(got) != 0 {
		t.Errorf("findings are %+v", got)
	}
}

func TestScanKeepsFewSamplesAndPlaces(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 2_000 {
		fmt.Fprintf(&b, "%c%c@example.com ", 'a'+i%26, 'a'+i/26%26)
	}
	f := scanned(false, b.String())[0]
	if f.Count != 2_000 || len(f.Samples) != maxSamples || len(f.Places) != maxPlaces {
		t.Errorf("%d matches, %d samples, %d places", f.Count, len(f.Samples), len(f.Places))
	}
	for i, sample := range f.Samples {
		if slices.Contains(f.Samples[:i], sample) {
			t.Errorf("sample %q is there twice", sample)
		}
	}
}

func TestConfidenceAndSeverity(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("4111111111111111\n", 100)
	tests := []struct {
		name, text string
		confidence float64
		severity   int
	}{
		{"card", "4111111111111111", 0.9, 9},
		{"card called so", "Visa card 4111111111111111", 0.99, 9},
		{"card called so after it", "4111111111111111 (Visa)", 0.99, 9},
		{"number of an order", "Order no. 4111111111111111", 0.6, 7},
		{"hundred cards", many, 0.9, 10},
		{"ssn", "219-44-1234", 0.6, 6},
		{"ssn called so", "SSN 219-44-1234", 0.95, 8},
		{"digits called ssn", "SSN 219441234", 0.75, 6},
		{"mail", "to desk@example.com", 0.8, 2},
		{"mail called so", "e-mail: desk@example.com", 0.99, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := scanned(false, tt.text)[0]
			if f.Confidence != tt.confidence || f.Severity != tt.severity {
				t.Errorf("confidence %v, severity %d; want %v, %d", f.Confidence, f.Severity, tt.confidence, tt.severity)
			}
		})
	}
}

// mixed holds what the rules find and what they nearly find, next to each other.
const mixed = "id,ssn,email\n1,219441234,desk@example.com\nVisa 4111 1111 1111 1111 12/29, Grüße 你好 " +
	"3782-822463-10005 SSN 219 44 1234 and ORD-4111111111111111 or a.b'c@mail.example.co.uk@x.org 0.4111111111111111 " +
	"order 6011111111111117, \"5555555555554444\" pan\n"

func TestScanIsTheSameHoweverTheTextIsCut(t *testing.T) {
	t.Parallel()
	// The filling moves the matches over the edge of what stays in memory.
	text := mixed + strings.Repeat("filling ", 50) + mixed
	for _, csv := range []bool{false, true} {
		want := scanned(csv, text)
		if len(want) != 3 {
			t.Fatalf("whole text gives %+v", want)
		}
		for i := range len(text) {
			if got := scanned(csv, text, i); !reflect.DeepEqual(got, want) {
				t.Fatalf("cut at %d: %+v, want %+v", i, got, want)
			}
		}
		if got := scanned(csv, text, slices.Repeat([]int{1}, len(text))...); !reflect.DeepEqual(got, want) {
			t.Fatalf("byte by byte: %+v, want %+v", got, want)
		}
	}
}

func FuzzScan(f *testing.F) {
	f.Add(mixed, uint16(7), true)
	f.Add(strings.Repeat("4", 600)+" 4111111111111111@", uint16(300), false)
	f.Add(strings.Repeat("a", 70)+"@"+strings.Repeat("b.", 130)+"com", uint16(71), false)
	f.Add("\"ssn\",\xff\xfe\n\"219441234\",'4111111111111111'x@y.zz", uint16(1), true)
	f.Fuzz(func(t *testing.T, text string, size uint16, csv bool) {
		want := scanned(csv, text)
		sizes := slices.Repeat([]int{int(size) + 1}, len(text)/(int(size)+1))
		if got := scanned(csv, text, sizes...); !reflect.DeepEqual(got, want) {
			t.Errorf("in pieces of %d: %+v, want %+v", int(size)+1, got, want)
		}
		for _, finding := range want {
			for _, p := range finding.Places {
				if p.Start >= p.End || p.End > len(text) || p.Line < 1 {
					t.Errorf("place %+v is not in a text of %d bytes", p, len(text))
				}
			}
		}
	})
}

func TestLuhn(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{"79927398713": true, "79927398710": false, "0": true, "18": true, "19": false, "": false}
	for number, want := range tests {
		digits := make([]byte, len(number))
		for i := range number {
			digits[i] = number[i] - '0'
		}
		if got := luhn(digits); got != want {
			t.Errorf("luhn(%s) is %t", number, got)
		}
	}
}

func BenchmarkScan(b *testing.B) {
	prose := strings.Repeat("The committee approved the figures of 2024 (12.5 per cent) without objection.\n", 26)
	text := []byte(strings.Repeat(prose+mixed, 500))
	for _, csv := range []bool{false, true} {
		b.Run(fmt.Sprintf("csv=%t", csv), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				p := newPass(typeText)
				p.scan = newScanner(csv)
				p.write(text)
				p.endPage()
			}
		})
	}
}

// BenchmarkScanProse has a number in each line and no match, as most texts.
func BenchmarkScanProse(b *testing.B) {
	text := []byte(strings.Repeat("The committee approved the figures of 2024 (12.5 per cent) without objection.\n", 13_000))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		p := newPass(typeText)
		p.write(text)
		p.endPage()
	}
}
