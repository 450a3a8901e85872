package firewall

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// headerLimit bounds what is read of an answer to CONNECT, interim answers included. Proxies answer with a few hundred
// bytes; those with long cookies and policies stay below 8 KiB.
const headerLimit = 16 << 10

// reply is the header of an HTTP answer.
type reply struct {
	status     int      // 0 if it is no HTTP
	text       string   // status and reason phrase as they came, or the beginning of what is no HTTP
	challenges []string // values of Proxy-Authenticate and WWW-Authenticate
	location   string   // where a redirect leads
	squid      string   // X-Squid-Error, the reason of that proxy
}

// readReply reads the answer to a request, passing over interim ones (1xx). It reads byte by byte: the first byte after
// the header is the server's. Its error is a refusal or one of conn.
func readReply(conn io.Reader) (*reply, error) {
	for room := headerLimit; ; {
		head, err := readHeader(conn, room)
		if err != nil {
			return nil, err
		}
		answer := parseReply(string(head))
		// Nothing but a final answer follows 101, which leaves HTTP.
		if answer.status < 100 || answer.status == 101 || answer.status >= 200 {
			return answer, nil
		}
		room -= len(head)
	}
}

const protocolName = "HTTP/"

// readHeader reads up to the empty line at the end of a header. Lines may end with LF alone. It stops at a beginning
// that is no HTTP, since an empty line may never come then.
func readHeader(conn io.Reader, room int) ([]byte, error) {
	var head []byte
	var next [1]byte
	for len(head) < room {
		if _, err := io.ReadFull(conn, next[:]); err != nil {
			return nil, err
		}
		head = append(head, next[0])
		if len(head) == len(protocolName) && string(head) != protocolName ||
			bytes.HasSuffix(head, []byte("\n\r\n")) || bytes.HasSuffix(head, []byte("\n\n")) {
			return head, nil
		}
	}
	return nil, refusal(fmt.Sprintf("sent an answer with a header of more than %d bytes", headerLimit))
}

// parseReply takes a header apart. Of the lines after the first only those that matter to the client are looked at.
func parseReply(head string) *reply {
	first, rest, _ := strings.Cut(head, "\n")
	version, text, _ := strings.Cut(strings.TrimRight(first, "\r"), " ")
	code, _, _ := strings.Cut(text, " ")
	status, err := strconv.ParseUint(code, 10, 16)
	if err != nil || len(code) != 3 || status < 100 || !strings.HasPrefix(version, protocolName+"1.") {
		return &reply{text: first}
	}
	answer := &reply{status: int(status), text: text}
	for line := range strings.SplitSeq(rest, "\n") {
		name, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(name, "Proxy-Authenticate") || strings.EqualFold(name, "WWW-Authenticate") {
			answer.challenges = append(answer.challenges, strings.TrimSpace(value))
		}
		switch {
		case strings.EqualFold(name, "Location"):
			answer.location = strings.TrimSpace(value)
		case strings.EqualFold(name, "X-Squid-Error"):
			answer.squid = strings.TrimSpace(value)
		}
	}
	return answer
}

// schemes names the ways to authenticate that the proxy offers, and tells whether one of them is known here. A proxy
// that names none may have any.
func (r *reply) schemes() (list string, known bool) {
	var names []string
	for _, c := range parseChallenges(r.challenges) {
		name, isKnown := c.scheme, strings.EqualFold(c.scheme, "Basic")
		if strings.EqualFold(c.scheme, "Digest") {
			algorithm, qop := c.params["algorithm"], c.params["qop"]
			_, _, isKnown = digestHash(algorithm)
			isKnown = isKnown && (qop == "" || offersAuth(qop))
			if !isKnown {
				name = strings.Join(strings.Fields("Digest "+algorithm+" "+qop), " ")
			}
		}
		names, known = append(names, name), known || isKnown
	}
	return strings.Join(names, ", "), known || len(names) == 0
}
