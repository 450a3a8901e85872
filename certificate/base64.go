package certificate

import "encoding/base64"

// unBase64 returns the bytes that data is the Base64 form of, or data itself if it is none. No binary format looks
// like Base64, as each has bytes that are not ASCII near its start, and no text format does, as each has punctuation
// that Base64 lacks.
func unBase64(data []byte) []byte {
	text := make([]byte, 0, len(data))
	for _, c := range data {
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/', c == '=':
			text = append(text, c)
		default:
			return data
		}
	}
	if binary, err := base64.StdEncoding.AppendDecode(nil, text); err == nil && len(binary) > 0 {
		return binary
	}
	return data
}
