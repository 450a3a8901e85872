package mqtt

import "unsafe"

// bytesOf is s as bytes without a copy, for a reader.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// textOf is b as a string without a copy, for bytes that nobody writes any more.
func textOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
