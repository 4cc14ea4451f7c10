package tasks

import (
	"os"
	"strings"
	"testing"
)

var issued = mustDate("2023-06-05")

func mustDate(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// terms writes a deadline as the columns of testdata/deadlines.tsv. A series
// is written with its dates in the year from the day of issue.
func terms(d Deadline) string {
	y, m, day := issued.Split()
	until, _ := NewDate(y+1, m, day-1)
	dates := d.Due
	if d.Kind == Periodic {
		dates = d.DueIn(issued, until)
	}
	var due []string
	for _, day := range dates {
		due = append(due, day.String())
	}
	ongoing := "0"
	if d.Ongoing {
		ongoing = "1"
	}
	return strings.Join([]string{string(d.Kind), strings.Join(due, ","), ongoing, d.From.String()}, " | ")
}

func TestDeadlinePhrases(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/deadlines.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(string(data), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		n++
		text, want, _ := strings.Cut(line, "\t")
		want = strings.ReplaceAll(want, "\t", " | ")
		if got := terms(ParseDeadline(text, issued)); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
	if n != 53 {
		t.Errorf("%d phrases in testdata/deadlines.tsv, want 53", n)
	}
}
