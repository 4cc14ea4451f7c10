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
	Title   string     // "" when the file does not say
	Number  string     // "05/KH-UBND"; "" when the file does not say
	Issued  tasks.Date // 0 when the file does not say, or not the whole date
	Rows    []tasks.Row
	Notices []string // what a reader of the plan wants to know: "sheet Phụ lục: 2 hidden rows are read too"
}

// Options is what a person says of a file beside its name.
type Options struct {
	Sheet  string // of a workbook; "": the one with a task table
	Limits Limits // zero: DefaultLimits
}

// Limits bound what an import may cost. Each is named in the error that it
// causes.
type Limits struct {
	File     int64 // bytes of the file
	Unpacked int64 // bytes of a DOCX's or XLSX's parts together, unpacked
	Rows     int   // rows of all tables
	Cell     int   // bytes of one cell's text
}

// DefaultLimits returns limits far beyond any plan.
func DefaultLimits() Limits {
	return Limits{File: 32 << 20, Unpacked: 256 << 20, Rows: 50_000, Cell: 64 << 10}
}

// Read reads the plan in a file. Errors name the file, and the line where there
// is one; a file with any error in it is refused whole.
func Read(path string, opt Options) (Document, error) {
	f := file{name: path, sheet: opt.Sheet, limits: opt.Limits}
	if f.limits == (Limits{}) {
		f.limits = DefaultLimits()
	}
	read, err := f.reader()
	if err != nil {
		return Document{}, err
	}
	if err := f.load(path); err != nil {
		return Document{}, err
	}
	s, err := read(f)
	if err != nil {
		return Document{}, err
	}
	return s.document()
}

// file is a file to read a plan from.
type file struct {
	name   string // for errors
	data   []byte
	sheet  string // the sheet to read of a workbook; "": the reader chooses
	limits Limits
}

func (f file) reader() (func(file) (sheet, error), error) {
	switch ext := strings.ToLower(filepath.Ext(f.name)); ext {
	case ".md", ".markdown":
		return file.readMarkdown, nil
	case ".docx":
		return file.readDOCX, nil
	case ".xlsx":
		return file.readXLSX, nil
	case ".csv":
		return file.readCSV, nil
	case "":
		return nil, fmt.Errorf("%s: the name does not tell the format; save the plan as Markdown, name.md", f.name)
	default:
		return nil, fmt.Errorf("%s: plans are not read from %s files; save the plan as Markdown, name.md", f.name, ext)
	}
}

func (f *file) load(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: not a file", path)
	}
	if info.Size() > f.limits.File {
		return f.tooLarge()
	}
	f.data, err = io.ReadAll(io.LimitReader(in, f.limits.File)) // it may grow meanwhile
	return err
}

func (f file) tooLarge() error {
	return fmt.Errorf("%s: a file of more than %d MB, the max_file_mb of [import]; a plan is smaller", f.name, f.limits.File>>20)
}

func (f file) unpackedTooLarge() error {
	return fmt.Errorf("%s: unpacks to more than %d MB, the max_unpacked_mb of [import]; a plan is smaller", f.name, f.limits.Unpacked>>20)
}

func (s sheet) tooManyRows(line int, l Limits) error {
	return s.errorf(line, "more than %d rows, the max_rows of [import]; a plan has fewer", l.Rows)
}

func (s sheet) cellTooLong(line int, l Limits) error {
	return s.errorf(line, "a cell of more than %d KB, the max_cell_kb of [import]", l.Cell>>10)
}

// sheet is what a format's reader finds in a file. Lines rise from the top of
// the file to its end; formats without lines count their rows.
type sheet struct {
	name    string
	where   func(line int) string // what an error calls a line: "table 1, row 12"; nil: its number
	tables  []table
	prose   []line // the text outside of the tables, line by line
	notices []string
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
	return Document{Title: title(above), Issued: issued(all), Rows: rows, Notices: s.notices}, nil
}

func (s sheet) errorf(line int, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	if s.where != nil {
		return fmt.Errorf("%s: %s: %s", s.name, s.where(line), what)
	}
	return fmt.Errorf("%s:%d: %s", s.name, line, what)
}
