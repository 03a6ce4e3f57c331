package fanfare_test

import (
	"encoding/json"
	"testing"

	"github.com/fanfare-hub/fanfare"
)

func TestReceiptOnTheWire(t *testing.T) {
	t.Parallel()
	receipt := fanfare.Receipt{
		ID: "7", Topic: fanfare.ServiceTopic("ocr"), Seq: 1042, Cursor: "c", Durability: "disk", Duplicate: true,
	}
	const want = `{"id":"7","topic":"service:ocr","seq":1042,"cursor":"c","durability":"disk","duplicate":true}`
	data, err := json.Marshal(receipt)
	if err != nil || string(data) != want {
		t.Errorf("wrote %s, %v, want %s", data, err, want)
	}
	var got fanfare.Receipt
	if err := json.Unmarshal(data, &got); err != nil || got != receipt {
		t.Errorf("read %+v, %v, want %+v", got, err, receipt)
	}
	for _, bad := range []string{`[]`, `{"seq":-1}`, `{"topic":"nothing"}`} {
		if err := json.Unmarshal([]byte(bad), &got); err == nil {
			t.Errorf("%s is read as %+v", bad, got)
		}
	}
}
