package packet

// AppendPingreq appends a PINGREQ. Neither ping packet has a body: ReadHeader checks all of it.
func AppendPingreq(dst []byte) []byte { return appendHeader(dst, PINGREQ, 0) }

// AppendPingresp appends a PINGRESP.
func AppendPingresp(dst []byte) []byte { return appendHeader(dst, PINGRESP, 0) }
