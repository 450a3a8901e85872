package mqtt_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// The tables of docs/reconnecting.md that say what follows a reason code are those of packet.
func TestReconnectingPage(t *testing.T) {
	page, err := os.ReadFile("../docs/reconnecting.md")
	must(t, err)
	var b strings.Builder
	b.WriteString("| 3.1.1 return code | another attempt | because |\n|---|---|---|\n")
	for code := range 6 {
		if retry, ground := packet.RetryAfter(packet.V311, packet.CONNACK, packet.ReasonCode(code)); code > 0 {
			fmt.Fprintf(&b, "| %d %s | %v | %s |\n", code, packet.ReturnCodeName(byte(code)), retry, ground)
		}
	}
	wantTable(t, string(page), b.String())
	b.Reset()
	b.WriteString("| v5 reason code | after CONNACK | after DISCONNECT | because |\n|---|---|---|---|\n")
	for code := 128; code < 256; code++ {
		var cells [2]string
		var because string
		for i, of := range [...]packet.Type{packet.CONNACK, packet.DISCONNECT} {
			if packet.ReasonAllowed(of, packet.FromServer, packet.ReasonCode(code)) {
				retry, ground := packet.RetryAfter(packet.V5, of, packet.ReasonCode(code))
				cells[i], because = retry.String(), ground
			}
		}
		if because != "" {
			fmt.Fprintf(&b, "| %d %v | %s | %s | %s |\n", code, packet.ReasonCode(code), cells[0], cells[1], because)
		}
	}
	wantTable(t, string(page), b.String())
}

func wantTable(t *testing.T, page, table string) {
	t.Helper()
	if !strings.Contains(page, table) {
		t.Errorf("docs/reconnecting.md does not have this table:\n%s", table)
	}
}
