package hubproto

// Codec is one encoding of the hub protocol. Its methods are pure and safe for
// concurrent use.
type Codec interface {
	// Name is the protocol's name in the handshake: "json".
	Name() string
	// Binary says whether messages travel in binary frames.
	Binary() bool
	// Append appends m to dst, framed, ready to be sent.
	Append(dst []byte, m Message) []byte
	// Next splits the first record off data. A nil record with a nil error
	// means that it is not complete yet. limit bounds a record in bytes,
	// framing included; 0 is no bound (SIZE-01, SIZE-02).
	Next(data []byte, limit int) (record, rest []byte, err error)
	// Parse turns a record of Next into a message; nil with a nil error is a
	// message of a type unknown here, to be skipped (JSON-05). An error is a
	// protocol error that ends the connection.
	Parse(record []byte) (Message, error)
	Values
}

// Values is the part of a codec that encodes what applications exchange.
type Values interface {
	// Marshal encodes one value. An error is a *ValueError.
	Marshal(v any) (Raw, error)
	// Unmarshal decodes one value into what v points to. An error is a
	// *ValueError.
	Unmarshal(raw Raw, v any) error
}
