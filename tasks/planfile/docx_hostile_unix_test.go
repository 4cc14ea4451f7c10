//go:build unix

package planfile

import (
	"strings"
	"testing"
	"time"
)

// What a Word file unpacks to is refused soon and in little memory, too.
func TestHostileDOCX(t *testing.T) {
	fill := func(s string, size int) string { return strings.Repeat(s, size/len(s)) }
	const size = 4<<20 + 64<<10
	for _, c := range []struct{ name, body, want string }{
		{"elements in one another", p() + strings.Repeat("<x>", 1_000_000), "more than 256 elements in one another"},
		{"many rows", tbl(fill("<w:tr><w:tc/></w:tr>", size)), "max_rows"},
		{"a million cells", tbl(fill("<w:tr>"+strings.Repeat("<w:tc/>", 60)+"</w:tr>", 2*size)), "more than 1000000 cells"},
		{"many paragraphs", fill("<w:p><w:r/></w:p>", size), "max_rows"},
		{"a million runs", "<w:p>" + fill("<w:r/>", 2*size), "one piece of more than 8 MB"},
		{"attributes", `<w:p ` + fill("a='' ", size), "one tag or text of more than 4 MB"},
		{"namespaces", `<w:p ` + fill("xmlns:a='' ", size), "one tag or text of more than 4 MB"},
		{"a text", "<w:p><w:r><w:t>" + fill("a", size), "max_cell_kb"},
		{"entities", "<w:p><w:r><w:t>" + fill("&lt;", size), "one tag or text of more than 4 MB"},
	} {
		data := docxFile(t, c.body)
		peak := watchHeap(t)
		begin := cpuTime(t)
		_, err := readDOCX(data)
		took, grown := cpuTime(t)-begin, int(peak())>>20
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 300 {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		t.Logf("%-25s %8v, %3d MB", c.name, took.Round(time.Millisecond), grown)
		if took > 2*time.Second || // half a second at most on a common machine
			grown > 200 {
			t.Errorf("%s: %v and %d MB", c.name, took, grown)
		}
	}
}
