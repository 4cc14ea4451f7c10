// Package planfile reads the task table of a plan out of the files in which
// offices keep it.
//
// Each format has a reader that turns a file into a sheet: tables of text
// cells, and the lines of text around them. What rows, units and columns mean
// is decided once, for all formats, in rows.go and columns.go.
package planfile

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"nhacviec/tasks"
)

// Document is a plan as its file says it: nothing in it is understood yet.
type Document struct {
	Title   string     // "" when the file does not say
	Number  string     // "05/KH-UBND"; "" when the file does not say
	Issued  tasks.Date // 0 when the file does not say, or not the whole date
	Dated   string     // what it says then: "month 6/2023", "year 2023"; "" when nothing
	Rows    []tasks.Row
	Notices []string // what a reader of the plan wants to know: "sheet Phụ lục: 2 hidden rows are read too"
}

// Options is what a person says of a file beside its name.
type Options struct {
	Sheet  string // of a workbook; "": the one with a task table; else an error for other files
	Limits Limits // zero: DefaultLimits
}

// Limits bound what an import may cost. Each is named in the error that it
// causes. What else is refused for its size no Word or Excel file comes to.
type Limits struct {
	File     int64 // bytes of the file
	Unpacked int64 // bytes of a DOCX's or XLSX's parts together, unpacked
	Rows     int   // rows of all tables
	Cell     int   // bytes of one cell's text
}

// part is how many bytes one part of an archive may have.
func (l Limits) part() int64 { return l.Unpacked / 4 }

// cells is how many cells there may be, empty ones too: it bounds the memory
// of wide tables with many rows.
func (l Limits) cells() int { return 64 * l.Rows }

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
	if err := f.load(path); err != nil {
		return Document{}, err
	}
	read, err := f.reader()
	if err != nil {
		return Document{}, err
	}
	s, err := read(f)
	if err != nil {
		return Document{}, err
	}
	s.limits, f.data = f.limits, nil
	return s.document()
}

// file is a file to read a plan from.
type file struct {
	name   string // for errors
	data   []byte
	sheet  string // the sheet to read of a workbook; "": the reader chooses
	limits Limits
}

// load reads the file, or refuses it by its size before. A pipe or a device is
// never waited for, and a symbolic link not followed: what is read is what was
// named, whoever may change the folder.
func (f *file) load(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if err := f.regular(info); err != nil {
		return err
	}
	in, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it may be another by now
	if err != nil {
		return err
	}
	defer in.Close()
	named := info
	if info, err = in.Stat(); err != nil {
		return err
	}
	if !os.SameFile(named, info) {
		return fmt.Errorf("%s: it became another file meanwhile; import it again", f.name)
	}
	if err := f.regular(info); err != nil {
		return err
	}
	var b bytes.Buffer
	b.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(in, f.limits.File+1)); err != nil { // it may grow meanwhile
		return err
	}
	f.data = b.Bytes()
	if int64(len(f.data)) > f.limits.File {
		return f.tooLarge()
	}
	return nil
}

func (f file) regular(info fs.FileInfo) error {
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s: a symbolic link; name the file that it leads to", f.name)
	case info.IsDir():
		return fmt.Errorf("%s: a directory; name the plan's file in it", f.name)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: not a file; import the plan's .docx, .xlsx, .csv or .md", f.name)
	case info.Size() > f.limits.File:
		return f.tooLarge()
	}
	return nil
}

func (f file) tooLarge() error {
	return fmt.Errorf("%s: a file of more than %d MB, the max_file_mb of [import]; a plan is smaller", f.name, f.limits.File>>20)
}

func (f file) unpackedTooLarge() error {
	return fmt.Errorf("%s: unpacks to more than %d MB, the max_unpacked_mb of [import]; a plan is smaller", f.name, f.limits.Unpacked>>20)
}
