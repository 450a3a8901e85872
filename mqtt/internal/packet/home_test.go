package packet

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// What the bytes of a packet look like is known here alone. A second place that masks a Remaining Length, shifts a packet
// type into a first byte, or knows the largest Variable Byte Integer would have to be found when a rule changes.
func TestBytesOfPacketsAreKnownHereAlone(t *testing.T) {
	const root = "../.."
	others := []string{"internal/packet", "internal/transport", "internal/codepage"} // TLS, WebSocket, code pages: other bytes
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			for _, other := range others {
				if filepath.ToSlash(path) == root+"/"+other {
					return fs.SkipDir
				}
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if what := packetFact(n); what != "" {
				t.Errorf("%s: %s; packet has it", set.Position(n.Pos()), what)
			}
			return true
		})
		return nil
	})
	if err != nil || files < 50 {
		t.Fatalf("%d files were read, error %v", files, err)
	}
}

// packetFact names what n knows about the bytes of a packet, "" for nothing.
func packetFact(n ast.Node) string {
	switch n := n.(type) {
	case *ast.BasicLit:
		if is(n, MaxVariableByteInteger) {
			return "the largest Variable Byte Integer"
		}
	case *ast.BinaryExpr:
		switch n.Op {
		case token.AND:
			if is(n.Y, 0x7F) || is(n.Y, 0x80) {
				return "a mask of a Variable Byte Integer"
			}
			if is(n.Y, 0x0F) || is(n.Y, 0xF0) {
				return "a mask of the first byte"
			}
		case token.SHL, token.SHR:
			if is(n.Y, 4) {
				return "a packet type in the first byte"
			}
			if n.Op == token.SHL && is(n.X, 1) && is(n.Y, 28) {
				return "the bound of a Variable Byte Integer"
			}
		}
	}
	return ""
}

// is reports whether e is the number. One in octal is the mode of a file.
func is(e ast.Node, value int64) bool {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.INT || strings.HasPrefix(lit.Value, "0o") {
		return false
	}
	v, exact := constant.Int64Val(constant.MakeFromLiteral(lit.Value, lit.Kind, 0))
	return exact && v == value
}

// The check finds what it is there for.
func TestPacketFacts(t *testing.T) {
	for source, found := range map[string]bool{
		"length |= int(c&0x7F) << shift": true, "c & 128": true, "b[0] >> 4": true, "byte(t)<<4 | flags": true,
		"n > 268_435_455": true, "1 << 28": true, "b[0] & 0x0f": true,
		"m.QoS << 1": false, "64 << 10": false, "flags & 1": false, "n > 65535": false,
		"mode & 0o200": false,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc f() { "+source+" }", 0)
		if file == nil {
			t.Fatal(err)
		}
		has := false
		ast.Inspect(file, func(n ast.Node) bool {
			has = has || packetFact(n) != ""
			return true
		})
		if has != found {
			t.Errorf("%s: found %t", source, has)
		}
	}
}
