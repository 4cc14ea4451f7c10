package planfile

import (
	"fmt"
	"strings"
	"testing"
)

// Tables of any format may have many columns, and many rows, but not many of
// both.
func TestWideTables(t *testing.T) {
	t.Parallel()
	const rows = 10
	csv := func(width, n int) (Document, error) {
		line := strings.Repeat(";x", width-4) + "\n"
		text := "STT;Nội dung;Chủ trì;Thời hạn" + line
		for i := range n {
			text += fmt.Sprintf("%d;a;b;c", i+1) + line
		}
		return within(file.readCSV, text, rows)
	}
	md := func(width, n int) (Document, error) {
		line := strings.Repeat("x|", width-4) + "\n"
		text := "|STT|Nội dung|Chủ trì|Thời hạn|" + line + strings.Repeat("|-", width) + "|\n"
		for i := range n {
			text += fmt.Sprintf("|%d|a|b|c|", i+1) + line
		}
		return within(file.readMarkdown, text, rows)
	}
	xlsx := func(width, n int) (Document, error) {
		head := append([]string{"STT", "Nội dung", "Chủ trì", "Thời hạn"}, make([]string, width-5)...)
		text := cells(1, append(head, "x")...)
		for i := range n {
			row := append([]string{fmt.Sprint(i + 1), "a", "b", "c"}, make([]string, width-5)...)
			text += cells(i+2, append(row, "x")...)
		}
		limits := DefaultLimits()
		limits.Rows = rows
		return readBookWithin(bookParts{sheets: []string{text}}.bytes(t), "", limits)
	}
	for name, read := range map[string]func(width, n int) (Document, error){"csv": csv, "md": md, "xlsx": xlsx} {
		for _, c := range []struct {
			width, rows int
			want        string
		}{
			{64, 1, ""},
			{256, 1, ""},
			{257, 1, "256 c"},
			{256, rows / 2, "cells, empty ones too;"},
		} {
			doc, err := read(c.width, c.rows)
			if c.want == "" && (err != nil || len(doc.Rows) != c.rows) || c.want != "" && !strings.Contains(errText(err), c.want) {
				t.Errorf("%s, %d columns, %d rows: %v, want %q", name, c.width, c.rows, err, c.want)
			}
		}
	}
}

func within(read func(file) (sheet, error), text string, rows int) (Document, error) {
	limits := DefaultLimits()
	limits.Rows = rows
	s, err := read(file{name: "plan", data: []byte(text), limits: limits})
	if err != nil {
		return Document{}, err
	}
	return s.document()
}
