//go:build unix

package planfile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReadPaths(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write(t, path("plan.md"), head+"| 1 | a | | | | |\n")
	write(t, path("huge.csv"), "")
	for _, err := range []error{
		os.Truncate(path("huge.csv"), 1<<30),
		os.Mkdir(path("folder.md"), 0o700),
		os.Symlink("plan.md", path("link.md")),
		os.Symlink("gone.md", path("dangling.md")),
		os.Symlink("loop.md", path("loop.md")),
		syscall.Mkfifo(path("pipe.md"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if doc, err := Read(path("link.md"), Options{}); err != nil || len(doc.Rows) != 1 {
		t.Errorf("a link to a plan: %v", err)
	}
	for name, want := range map[string]string{
		path("none.md"):     "no such file",
		path("dangling.md"): "no such file",
		path("loop.md"):     "too many levels of symbolic links",
		path("folder.md"):   "a directory;",
		path("huge.csv"):    "more than 32 MB, the max_file_mb of [import]",
		path("pipe.md"):     "not a file;",
		"/dev/zero":         "not a file;",
	} {
		if _, err := Read(name, Options{}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want an error with %q", name, err, want)
		}
	}
}

// Whoever sends a file chooses what it costs to read: each of these is refused
// soon, in little memory, with the limit named.
func TestHostile(t *testing.T) {
	huge := Limits{File: 1 << 30, Unpacked: 1 << 30, Rows: 50_000, Cell: 64 << 10}
	rows := func(head, row string, size int) string {
		return head + strings.Repeat(row, size/len(row))
	}
	long := strings.Repeat("a", 20<<20)
	for _, c := range []struct {
		name, file string
		data       string
		limits     Limits
		want       string
	}{
		{"a million rows", "a.csv", rows(csvHead, "1,nội dung,,\n", 5<<20), Limits{}, "max_rows"},
		{"a million rows of Markdown", "a.md", rows(head, "| 1 | a | | | | |\n", 5<<20), Limits{}, "max_rows"},
		{"a long field", "a.csv", csvHead + "1,\"" + long, huge, "a.csv:2: a cell of more than 64 KB, the max_cell_kb of [import]"},
		{"a long line", "a.csv", csvHead + "1," + long, huge, "a.csv:2: a cell of more than 64 KB"},
		{"a long line of Markdown", "a.md", head + "| 1 |" + long, huge, "a.md:3: a cell of more than 64 KB"},
		{"a cell of a megabyte", "a.csv", csvHead + "1," + long[:1<<20] + ",,\n", Limits{}, "a.csv:2: a cell of more than 64 KB"},
		{"a cell of a megabyte of Markdown", "a.md", head + "| 1 |" + long[:1<<20] + "|\n", Limits{}, "a.md:3: a cell of more than 64 KB"},
		{"columns without end", "a.csv", rows("", ",", 4<<20), Limits{}, "columns"},
		{"columns without end in Markdown", "a.md", rows("|", "a|", 200_000) + "\n|" + rows("", "-|", 200_000) + "\n", Limits{}, "columns"},
		{"short rows of a wide table", "a.md", rows("|", "a|", 120) + "\n|" + rows("", "-|", 120) + "\n" + rows("", "|a|\n", 1_000_000), Limits{}, "max_rows"},
		{"backticks", "a.md", rows(head, "| 1 | "+strings.Repeat("`\\|` ", 5)+"| | | | |\n", 1<<20), Limits{}, "twice"},
		{"links that do not end", "a.md", rows(head, "| 1 | "+strings.Repeat("[a](", 15_000)+"| | | | |\n", 5<<20), Limits{}, "more mark-up"},
		{"brackets in every cell", "a.md", rows(head, "| 1 | "+strings.Repeat(strings.Repeat("[", 100)+" | ", 5)+"\n", 5<<20), Limits{}, "more mark-up"},
		{"backticks of every length", "a.md", rows(head, "| 1 | "+ticks(60_000)+"| | | | |\n", 5<<20), Limits{}, "more mark-up"},
		{"quotations in each other", "a.md", rows("", ">", 5<<20), Limits{}, "max_cell_kb"},
		{"lists in each other", "a.md", rows("", "                              - a\n", 5<<20), Limits{}, "lines of text, the max_rows"},
		{"brackets that open", "a.md", rows("", "(kèm theo (\n", 5<<20), Limits{}, "lines of text, the max_rows"},
		{"no header", "a.csv", rows("", "a,b,c,d\n", 300_000), Limits{}, "no header row"},
		{"headers only", "a.csv", rows("", csvHead, 1<<20), Limits{}, "no task"},
		{"sections only", "a.csv", rows(csvHead, "CÔNG AN THÀNH PHỐ,,,\n", 900_000), Limits{}, "no task"},
		{"a task without end", "a.csv", rows(csvHead+"1,a,,\n", ",b,,\n", 240_000), Limits{}, "max_cell_kb"},
	} {
		path := filepath.Join(t.TempDir(), c.file)
		write(t, path, c.data)
		peak := watchHeap(t)
		begin := cpuTime(t)
		_, err := Read(path, Options{Limits: c.limits})
		took := cpuTime(t) - begin
		grown := int(peak())>>20 - len(c.data)>>20 // the file itself is bounded by max_file_mb
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 1000 {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		t.Logf("%-34s %6.1f MB: %8v, %4d MB beside the file", c.name, float64(len(c.data))/(1<<20), took.Round(time.Millisecond), grown)
		if took > 2*time.Second || // half a second or so on a common machine
			grown > 200 {
			t.Errorf("%s: %v and %d MB", c.name, took, grown)
		}
	}
}

// cpuTime returns what the process has used so far; other processes do not
// count.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		t.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// ticks returns runs of backticks, each longer than the one before: none is
// the end of another.
func ticks(size int) string {
	var b bytes.Buffer
	for n := 1; b.Len() < size; n++ {
		b.WriteString(strings.Repeat("`", n) + " ")
	}
	return b.String()
}
