package planfile

import (
	"strings"
	"testing"
)

// What a Word file unpacks to is refused in little memory, too. Rows are few,
// for the limits on rows and cells go with them.
func TestHostileDOCX(t *testing.T) {
	if underRace {
		t.Skip("the race detector takes memory of its own, and nothing runs beside the reader")
	}
	fill := func(s string, size int) string { return strings.Repeat(s, size/len(s)) }
	limits := DefaultLimits()
	limits.Rows = 5_000
	const size = maxToken + 64<<10
	for _, c := range []struct{ name, body, want string }{
		{"elements in one another", p() + strings.Repeat("<x>", 100_000), "more than 256 elements in one another"},
		{"many rows", tbl(fill("<w:tr><w:tc/></w:tr>", 200_000)), "max_rows"},
		{"many cells", tbl(fill("<w:tr>"+strings.Repeat("<w:tc/>", 60)+"</w:tr>", 800_000)), "more than 100000 cells"},
		{"many paragraphs", fill("<w:p><w:r/></w:p>", 200_000), "max_rows"},
		{"many runs", "<w:p>" + fill("<w:r "+strings.Repeat(" ", 200)+"/>", maxPiece+64<<10), "a row or paragraph of more than 8 MB"},
		{"attributes", `<w:p ` + fill("a='aaaaaaaaaaa' ", size), "one tag or text of more than 4 MB"},
		{"namespaces", `<w:p ` + fill("xmlns:a='"+strings.Repeat("a", 90)+"' ", size), "one tag or text of more than 4 MB"},
		{"a text", "<w:p><w:r><w:t>" + fill("a", size), "max_cell_kb"},
		{"entities", "<w:p><w:r><w:t>" + fill("&lt;", size), "one tag or text of more than 4 MB"},
	} {
		data := docxFile(t, c.body)
		var err error
		taken := allocated(func() { _, err = readDOCXWithin(data, limits) })
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 300 {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		t.Logf("%-25s %5.1f MB", c.name, mega(taken))
		if taken > 128<<20 {
			t.Errorf("%s: %.1f MB of memory", c.name, mega(taken))
		}
	}
}
