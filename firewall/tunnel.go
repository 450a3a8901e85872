package firewall

import (
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// proxyAuthorization is the header with the credentials.
const proxyAuthorization = "Proxy-Authorization"

// useBasic has the first request carry the credentials, unless Firewall.Data has others.
func (r *route) useBasic() {
	if !r.headers.has(proxyAuthorization) && (r.user != "" || r.password != "") {
		r.credentials = "Basic " + base64.StdEncoding.EncodeToString([]byte(r.user+":"+r.password))
	}
}

// tunnel asks for the server with CONNECT (RFC 9110, 9.3.6).
func (r *route) tunnel(conn io.ReadWriter) error {
	if _, err := io.WriteString(conn, r.request()); err != nil {
		return err
	}
	answer, err := readReply(conn)
	if err != nil {
		return err
	}
	if answer.status >= 200 && answer.status < 300 {
		return nil
	}
	if answer.status == 407 && r.credentials != "" && !r.digest {
		if credentials, ok := answerDigest(answer.challenges, "CONNECT", r.server(), r.user, r.password); ok {
			r.credentials, r.digest = credentials, true
			return errAgain
		}
	}
	return r.refused(answer)
}

// lines are the header lines of the request: our own, unless Firewall.Data has one of that name, then Firewall.Data.
func (r *route) lines() headers {
	lines := headers{{"Host", r.server()}}
	if r.credentials != "" {
		lines = append(lines, header{proxyAuthorization, r.credentials})
	}
	lines = slices.DeleteFunc(lines, func(line header) bool { return r.headers.has(line.name) })
	return append(lines, r.headers...)
}

// request is what is sent.
func (r *route) request() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CONNECT %s HTTP/1.1\r\n", r.server())
	for _, line := range r.lines() {
		fmt.Fprintf(&b, "%s: %s\r\n", line.name, line.value)
	}
	b.WriteString("\r\n")
	return b.String()
}

// refused tells what the proxy answered instead of opening the tunnel. A wrong password is 407, from some proxies 401.
func (r *route) refused(answer *reply) refusal {
	text := r.said(answer.text)
	if answer.status == 0 {
		return refusal(fmt.Sprintf("does not speak HTTP/1.1: its answer begins with %q", text))
	}
	text = fmt.Sprintf("answered CONNECT %s with %q", r.server(), text)
	if answer.status == 401 || answer.status == 407 {
		schemes, known := answer.schemes()
		if schemes != "" {
			text += ", which asks for " + r.said(schemes)
		}
		switch {
		case known:
			text += "; check Firewall.User and Firewall.Password"
		case r.headers.has(proxyAuthorization):
			text += "; check the Proxy-Authorization of Firewall.Data"
		default:
			text += "; of these none is known here, Basic and Digest (MD5, SHA-256, SHA-512-256 with qop auth) are. " +
				"A proxy on this computer that knows it, such as cntlm or px, can stand in between, or Firewall.Data " +
				"can have the line Proxy-Authorization"
		}
	}
	if answer.location != "" {
		text += fmt.Sprintf(", which leads to %q", r.said(answer.location))
	}
	if answer.squid != "" {
		text += fmt.Sprintf(", for the reason %q", r.said(answer.squid))
	}
	return refusal(text)
}

// said makes words of the proxy fit for an error: one printable line of bounded length, without the secrets that we
// have sent, which a proxy may repeat.
func (r *route) said(words string) string {
	secrets := []string{r.password}
	for _, line := range r.lines() {
		if line.name != "Host" {
			_, token, _ := strings.Cut(line.value, " ") // behind the name of the scheme
			secrets = append(secrets, line.value, token)
		}
	}
	for _, secret := range secrets {
		if secret != "" {
			words = strings.ReplaceAll(words, secret, "***")
		}
	}
	words = strings.Map(func(c rune) rune {
		if c == unicode.ReplacementChar || !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, strings.TrimSpace(words))
	const most = 200 // bytes
	if len(words) > most {
		words = strings.ToValidUTF8(words[:most], "") + "..."
	}
	return words
}
