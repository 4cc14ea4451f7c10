//go:build unix

package planfile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
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
		os.Symlink("pipe.md", path("to-pipe.md")),
		os.Symlink("/dev/zero", path("to-device.md")),
		os.Symlink("folder.md", path("to-folder.md")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		path("none.md"):      "no such file",
		path("link.md"):      "a symbolic link;",
		path("dangling.md"):  "a symbolic link;",
		path("loop.md"):      "a symbolic link;",
		path("folder.md"):    "a directory;",
		path("huge.csv"):     "more than 32 MB, the max_file_mb of [import]",
		path("pipe.md"):      "not a file;",
		path("to-pipe.md"):   "a symbolic link;",
		path("to-device.md"): "a symbolic link;",
		path("to-folder.md"): "a symbolic link;",
		"/dev/zero":          "not a file;",
	} {
		if _, err := Read(name, Options{}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want an error with %q", name, err, want)
		}
	}
}

// hostile is a file that costs much, and the error that refuses it.
type hostile struct {
	name, file string
	data       string
	limits     Limits
	want       string
}

// hostileTexts has limits lower than those of an office where what they bound
// is the same, only more of it.
func hostileTexts() []hostile {
	few := Limits{File: 32 << 20, Rows: 5_000, Cell: 64 << 10}
	rows := func(head, row string, size int) string {
		return head + strings.Repeat(row, size/len(row))
	}
	long := strings.Repeat("a", 6<<20)
	return []hostile{
		{"a million rows", "a.csv", rows(csvHead, "1,nội dung,,\n", 5<<20), Limits{}, "max_rows"},
		{"a million rows of Markdown", "a.md", rows(head, "| 1 | a | | | | |\n", 5<<20), Limits{}, "max_rows"},
		{"a long field", "a.csv", csvHead + "1,\"" + long, Limits{}, "a.csv:2: a cell of more than 64 KB, the max_cell_kb of [import]"},
		{"a long line", "a.csv", csvHead + "1," + long, Limits{}, "a.csv:2: a cell of more than 64 KB"},
		{"a long line of Markdown", "a.md", head + "| 1 |" + long, Limits{}, "a.md:3: a cell of more than 64 KB"},
		{"a cell of a megabyte", "a.csv", csvHead + "1," + long[:1<<20] + ",,\n", Limits{}, "a.csv:2: a cell of more than 64 KB"},
		{"a cell of a megabyte of Markdown", "a.md", head + "| 1 |" + long[:1<<20] + "|\n", Limits{}, "a.md:3: a cell of more than 64 KB"},
		{"columns without end", "a.csv", rows("", ",", 4<<20), Limits{}, "columns"},
		{"columns without end in Markdown", "a.md", rows("|", "a|", 200_000) + "\n|" + rows("", "-|", 200_000) + "\n", Limits{}, "columns"},
		{"short rows of a wide table", "a.md", rows("|", "a|", 120) + "\n|" + rows("", "-|", 120) + "\n" + rows("", "|a|\n", 30_000), few, "max_rows"},
		{"backticks", "a.md", rows(head, "| 1 | "+strings.Repeat("`\\|` ", 5)+"| | | | |\n", 100_000), few, "twice"},
		{"links that do not end", "a.md", rows(head, "| 1 | "+strings.Repeat("[a](", 15_000)+"| | | | |\n", 5<<20), Limits{}, "more mark-up"},
		{"marks in every cell", "a.md", rows(head, "| 1 | "+strings.Repeat(strings.Repeat("a_", 1000)+" | ", 5)+"\n", 5<<20), Limits{}, "more mark-up"},
		{"backticks of every length", "a.md", rows(head, "| 1 | "+ticks(60_000)+"| | | | |\n", 5<<20), Limits{}, "more mark-up"},
		{"quotations in each other", "a.md", rows("", ">", 5<<20), Limits{}, "max_cell_kb"},
		{"lists in each other", "a.md", rows("", "                              - a\n", 5<<20), Limits{}, "lines of text, the max_rows"},
		{"brackets that open", "a.md", rows("", "(kèm theo (\n", 5<<20), Limits{}, "lines of text, the max_rows"},
		{"no header", "a.csv", rows("", "a,b,c,d\n", 40_000), few, "no header row"},
		{"headers only", "a.csv", rows("", csvHead, 200_000), few, "no task"},
		{"sections only", "a.csv", rows(csvHead, "CÔNG AN THÀNH PHỐ,,,\n", 100_000), few, "no task"},
		{"a task without end", "a.csv", rows(csvHead+"1,a,,\n", ",b,,\n", 240_000), Limits{}, "max_cell_kb"},
	}
}

// Whoever sends a file chooses what it costs to read: each of these is refused
// in little memory, with the limit named. It does not run beside others, for
// it counts what the process allocates.
func TestHostile(t *testing.T) {
	if underRace {
		t.Skip("the race detector takes memory of its own, and nothing runs beside the reader")
	}
	for _, c := range hostileTexts() {
		path := filepath.Join(t.TempDir(), c.file)
		write(t, path, c.data)
		var err error
		taken := allocated(func() { _, err = Read(path, Options{Limits: c.limits}) })
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 1000 {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		t.Logf("%-34s %5.1f MB: %5.1f MB", c.name, mega(len(c.data)), mega(taken))
		if taken > 128<<20 {
			t.Errorf("%s: %.1f MB of memory", c.name, mega(taken))
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	for _, c := range hostileTexts() {
		b.Run(c.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), c.file)
			write(b, path, c.data)
			for b.Loop() {
				if _, err := Read(path, Options{Limits: c.limits}); err == nil {
					b.Fatal("no error")
				}
			}
		})
	}
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
