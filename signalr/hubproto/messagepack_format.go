package hubproto

// The first bytes of MessagePack values, as its specification has them. The
// longer forms of a kind have the next codes, with lengths or numbers of two,
// four and eight bytes.
const (
	codeFixMap    = 0x80 // 1000xxxx: xxxx members
	codeFixArray  = 0x90 // 1001xxxx: xxxx elements
	codeFixString = 0xa0 // 101xxxxx: xxxxx bytes
	codeNil       = 0xc0
	codeNever     = 0xc1
	codeFalse     = 0xc2
	codeTrue      = 0xc3
	codeBinary8   = 0xc4 // length of 1 byte, bytes; then 16, 32
	codeExt8      = 0xc7 // length of 1 byte, type, bytes; then 16, 32
	codeFloat32   = 0xca // 4 bytes
	codeFloat64   = 0xcb // 8 bytes
	codeUint8     = 0xcc // 1 byte; then 16, 32, 64
	codeInt8      = 0xd0 // 1 byte; then 16, 32, 64
	codeFixExt1   = 0xd4 // type, 1 byte; then 2, 4, 8, 16
	codeFixExt4   = 0xd6 // type, 4 bytes
	codeFixExt8   = 0xd7 // type, 8 bytes
	codeString8   = 0xd9 // length of 1 byte, bytes; then 16, 32
	codeArray16   = 0xdc // length of 2 bytes, elements; then 32
	codeMap16     = 0xde // length of 2 bytes, members; then 32
	codeMinusOne  = 0xff // 111xxxxx: -32 to -1

	firstNegative = 0xe0
)

// extTimestamp is the type of the extension that is a point in time.
const extTimestamp = -1

// maxPackDepth is how deep values may nest: as deep as in .NET, whose reader
// of untrusted data stops there too (MP-26).
const maxPackDepth = 500

// formatName is what .NET calls the format that a value's first byte selects.
func formatName(code byte) string {
	switch {
	case code < codeFixMap:
		return "positive fixint"
	case code < codeFixArray:
		return "fixmap"
	case code < codeFixString:
		return "fixarray"
	case code < codeNil:
		return "fixstr"
	case code >= firstNegative:
		return "negative fixint"
	}
	names := [...]string{
		"nil", "(never used)", "false", "true", "bin 8", "bin 16", "bin 32", "ext 8", "ext 16", "ext 32", "float 32", "float 64",
		"uint 8", "uint 16", "uint 32", "uint 64", "int 8", "int 16", "int 32", "int 64",
		"fixext 1", "fixext 2", "fixext 4", "fixext 8", "fixext 16", "str 8", "str 16", "str 32", "array 16", "array 32", "map 16", "map 32",
	}
	return names[code-codeNil] //nolint:gosec // 32 codes lie between the short forms, and have a name each
}
