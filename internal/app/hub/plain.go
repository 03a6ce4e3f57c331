package hub

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// plain is a value by the names and forms of its JSON, which clients of either
// encoding get: times are strings, numbers without fraction or exponent
// integers, others floats.
func plain(value json.Marshaler) (map[string]any, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", value, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil {
		return nil, fmt.Errorf("decode %T: %w", value, err)
	}
	numerals(members)
	return members, nil
}

// numerals turns all numbers within value into Go's.
func numerals(value any) any {
	switch v := value.(type) {
	case json.Number:
		return numeral(v)
	case map[string]any:
		for name, member := range v {
			v[name] = numerals(member)
		}
	case []any:
		for i, element := range v {
			v[i] = numerals(element)
		}
	}
	return value
}

func numeral(number json.Number) any {
	if whole, err := number.Int64(); err == nil {
		return whole
	}
	float, err := number.Float64()
	if err != nil {
		return number.String()
	}
	return float
}
