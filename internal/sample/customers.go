package sample

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// customers is the number of records.
const customers = 1_000

// customerList has findings in three columns, and in the others what only looks
// like them: order numbers as long as a card number, of which a tenth pass its
// check, and part numbers in the shape of a social security number.
func customerList() ([]byte, error) {
	rng := newProse(3).rng
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	records := [][]string{{"customer", "email", "ssn", "card_number", "order_number", "part_number", "amount"}}
	for n := range customers {
		records = append(records, []string{
			fmt.Sprintf("Customer %04d", n+1),
			fmt.Sprintf("customer%04d@example.com", n+1),
			fmt.Sprintf("%03d-%02d-%04d", 780+rng.IntN(110), 1+rng.IntN(99), 1+rng.IntN(9999)),
			cardNumber(rng),
			"4" + digits(rng, 15),
			fmt.Sprintf("%03d-%02d-%04d", 100+rng.IntN(500), 1+rng.IntN(99), 1+rng.IntN(9999)),
			fmt.Sprintf("%d.%02d", rng.IntN(900), rng.IntN(100)),
		})
	}
	if err := w.WriteAll(records); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// cardNumber continues the beginning of a test card to one with a valid check
// digit; every third is written in groups of four.
func cardNumber(rng *rand.Rand) string {
	prefix := []string{"41111111", "55555555", "42424242"}[rng.IntN(3)]
	number := prefix + digits(rng, 7)
	number += strconv.Itoa(checkDigit(number))
	if rng.IntN(3) == 0 {
		return strings.Join([]string{number[:4], number[4:8], number[8:12], number[12:]}, " ")
	}
	return number
}

// checkDigit completes a number by the Luhn formula.
func checkDigit(number string) int {
	sum := 0
	for i := range len(number) {
		n := int(number[len(number)-1-i] - '0')
		if i%2 == 0 {
			n = n*2%10 + n*2/10
		}
		sum += n
	}
	return (10 - sum%10) % 10
}

func digits(rng *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789"[rng.IntN(10)]
	}
	return string(b)
}
