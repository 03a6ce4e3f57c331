package hubproto

import "bytes"

// recordSeparator ends every JSON message and every handshake (JSON-01, HS-01).
const recordSeparator = 0x1e

// NextRecord splits the first record that ends in 0x1E off data, as the
// handshake does in every protocol (MP-04) and the JSON protocol throughout.
// The record comes without its end. A nil record with a nil error means that
// it is not complete yet. limit bounds the record in bytes, its end included;
// 0 is no bound. A *SizeError is returned as soon as more than limit bytes are
// there and none of the first limit ends the record (SIZE-02, HS-11).
func NextRecord(data []byte, limit int) (record, rest []byte, err error) {
	window := data
	if limit > 0 && len(data) > limit {
		window = data[:limit]
	}
	end := bytes.IndexByte(window, recordSeparator)
	if end >= 0 {
		return data[:end:end], data[end+1:], nil
	}
	if len(window) < len(data) {
		return nil, data, &SizeError{Limit: limit}
	}
	return nil, data, nil
}
