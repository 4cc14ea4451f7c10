// Package planfile reads the task table of a plan out of the files in which
// offices keep it.
//
// Each format has a reader that turns a file into a sheet: tables of text
// cells, and the lines of text around them. What rows, units and columns mean
// is decided once, for all formats, in rows.go and columns.go.
package planfile

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"nhacviec/tasks"
)

// Document is a plan as its file says it: nothing in it is understood yet.
type Document struct {
	Title  string     // "" when the file does not say
	Issued tasks.Date // 0 when the file does not say, or not the whole date
	Rows   []tasks.Row
}

// maxSize is far beyond any plan; what is larger is some other file.
const maxSize = 64 << 20

// Read reads the plan in a file. The file's name tells the format. Errors name
// the file, and the line where there is one; a file with any error in it is
// refused whole.
func Read(path string) (Document, error) {
	read, err := readerFor(path)
	if err != nil {
		return Document{}, err
	}
	data, err := load(path)
	if err != nil {
		return Document{}, err
	}
	return read(path, data)
}

func readerFor(path string) (func(name string, data []byte) (Document, error), error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".md", ".markdown":
		return ReadMarkdown, nil
	case "":
		return nil, fmt.Errorf("%s: the name does not tell the format; save the plan as Markdown, name.md", path)
	default:
		return nil, fmt.Errorf("%s: plans are not read from %s files; save the plan as Markdown, name.md", path, ext)
	}
}

func load(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a file", path)
	}
	if info.Size() > maxSize {
		return nil, fmt.Errorf("%s: larger than %d MB: not a plan", path, maxSize>>20)
	}
	return io.ReadAll(io.LimitReader(f, maxSize)) // it may grow meanwhile
}

// sheet is what a format's reader finds in a file.
type sheet struct {
	name   string
	tables []table
	prose  []line // the text outside of the tables, line by line
}

type table []record

// record is one row of a table. All rows of a table have the same number of
// cells; their text is clean.
type record struct {
	line  int
	cells []string
}

type line struct {
	line int
	text string
}

// document reads title, date and rows out of a sheet.
func (s sheet) document() (Document, error) {
	rows, first, err := s.rows()
	if err != nil {
		return Document{}, err
	}
	var above []string
	var all []string
	for _, l := range s.prose {
		all = append(all, l.text)
		if l.line < first {
			above = append(above, l.text)
		}
	}
	return Document{Title: title(above), Issued: issued(all), Rows: rows}, nil
}

func (s sheet) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", s.name, line, fmt.Sprintf(format, args...))
}
