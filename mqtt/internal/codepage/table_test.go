package codepage

import (
	"bufio"
	stderrors "errors"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/iotcomponents/iot/errors"
)

// documented reads testdata/pages.txt.
func documented(t testing.TB) []Info {
	t.Helper()
	file, err := os.Open("testdata/pages.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var rows []Info
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		columns := strings.Split(lines.Text(), "\t")
		number, err := strconv.ParseInt(columns[0], 0, 64)
		status, ok := map[string]Status{"no": No, "near": Near, "yes": Yes}[columns[1]]
		if err != nil || !ok {
			t.Fatalf("row %q", lines.Text())
		}
		rows = append(rows, Info{Number: number, Status: status, Name: columns[2]})
	}
	return rows
}

func TestPages(t *testing.T) {
	rows := documented(t)
	count := map[Status]int{}
	i := 0
	for info := range Pages() {
		if i == len(rows) {
			t.Fatalf("page %d is not documented", info.Number)
		}
		row := rows[i]
		i++
		if info.Number != row.Number || info.Name != row.Name || info.Status != row.Status {
			t.Fatalf("got %v, want %v", info, row)
		}
		count[info.Status]++
		if info.Status == Near && info.Note == "" {
			t.Errorf("%d: a page that is near must tell how", info.Number)
		}
		if info.Note != "" && (info.Status == No || !strings.HasSuffix(info.Note, ".")) {
			t.Errorf("%d: note %q", info.Number, info.Note)
		}
	}
	if i != len(rows) {
		t.Errorf("%d pages, %d documented", i, len(rows))
	}
	// Of the 174 documented identifiers Apple's 10 is listed twice. A row lost on both sides would not be seen otherwise.
	if count[Yes] != 129 || count[Near] != 44 || count[No] != 0 {
		t.Errorf("counts %v", count)
	}
}

// Lookup searches the table by halves: a row out of place would be unknown.
func TestLookup(t *testing.T) {
	for info := range Pages() {
		page, err := Lookup(info.Number)
		if info.Status == No {
			wantError(t, err, "Nothing serves code page "+strconv.FormatInt(info.Number, 10)+" ("+info.Name+").", "65001")
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if page.Number() != info.Number || page.Name() != info.Name {
			t.Errorf("%d: got %d %s", info.Number, page.Number(), page.Name())
		}
		if identity := info.Number == 65001 || info.Number == 4 || info.Number == 65536; page.Identity() != identity {
			t.Errorf("%d: identity %v", info.Number, !identity)
		}
	}
	for _, number := range []int64{math.MinInt64, -1, 0, 38, 4711, 65002, 0x90000101, 1<<32 + 65001, math.MaxInt64} {
		_, err := Lookup(number)
		wantError(t, err, "Nothing serves code page "+strconv.FormatInt(number, 10)+".", "65001")
	}
}

func TestStatusString(t *testing.T) {
	if got := No.String() + Near.String() + Yes.String(); got != "nonearyes" {
		t.Error(got)
	}
}

// wantError checks for error 434 whose text has all the parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	var e *errors.Error
	if !stderrors.As(err, &e) || e.Code != errors.ErrCodePage {
		t.Errorf("got %v, want error 434", err)
		return
	}
	for _, part := range parts {
		if !strings.Contains(e.Description, part) {
			t.Errorf("%q lacks %q", e.Description, part)
		}
	}
}

// served returns a page that is served.
func served(t testing.TB, number int64) *Page {
	t.Helper()
	page, err := Lookup(number)
	if err != nil {
		t.Fatal(err)
	}
	return page
}
