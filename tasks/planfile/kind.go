package planfile

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// reader tells the format by the content, and for text by the name and by what
// the text looks like. What is no plan is refused with the way to make it one.
func (f file) reader() (func(file) (sheet, error), error) {
	if len(f.data) == 0 {
		return nil, fmt.Errorf("%s: an empty file; copy it anew from where it came from", f.name)
	}
	if bytes.HasPrefix(f.data, []byte("PK\x03\x04")) || bytes.HasPrefix(f.data, []byte("PK\x05\x06")) {
		return f.archiveReader()
	}
	if bytes.HasPrefix(f.data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) {
		return nil, f.oldOffice()
	}
	for _, k := range foreign {
		if k.is(f.data) {
			return nil, fmt.Errorf("%s: %s", f.name, k.cure)
		}
	}
	return f.textReader(), f.noSheets()
}

func (f file) noSheets() error {
	if f.sheet != "" {
		return fmt.Errorf("%s: has no sheets, as it is no Excel file; leave out --sheet %q", f.name, f.sheet)
	}
	return nil
}

const (
	asWord  = "open it in Word or LibreOffice and save it as .docx"
	asExcel = "open it in Excel or LibreOffice and save it as .xlsx"
	scanned = "ask for the Word or Excel file that it was made of, or type its table into one"
)

// archiveReader tells the formats apart that are zip files.
func (f file) archiveReader() (func(file) (sheet, error), error) {
	a, err := openZip(f)
	if err != nil {
		return nil, err
	}
	has := func(prefix string) bool {
		for _, part := range a.File {
			if strings.HasPrefix(strings.ToLower(part.Name), prefix) {
				return true
			}
		}
		return false
	}
	switch {
	case has("word/"):
		return file.readDOCX, f.noSheets()
	case has("xl/workbook.bin"):
		return nil, fmt.Errorf("%s: a binary Excel workbook (.xlsb); %s", f.name, asExcel)
	case has("xl/"):
		return file.readXLSX, nil
	case has("ppt/"):
		return nil, fmt.Errorf("%s: a PowerPoint file; copy its table into Word and save it as .docx", f.name)
	}
	switch mime := a.mime(); {
	case strings.Contains(mime, "opendocument.spreadsheet"):
		return nil, fmt.Errorf("%s: an OpenDocument sheet (.ods); %s", f.name, asExcel)
	case strings.Contains(mime, "opendocument"):
		return nil, fmt.Errorf("%s: an OpenDocument text (.odt); %s", f.name, asWord)
	}
	return nil, fmt.Errorf("%s: a zip archive without a plan's parts; unpack it and import the file in it", f.name)
}

// mime returns what an OpenDocument file says of itself.
func (a *archive) mime() string {
	p, err := a.part("mimetype")
	if p == nil || err != nil {
		return ""
	}
	in, err := a.open(p)
	if err != nil {
		return ""
	}
	defer in.Close()
	said, _ := io.ReadAll(io.LimitReader(in, 200))
	return string(said)
}

// oldOffice says what an OLE2 file is; it names its streams in UTF-16.
func (f file) oldOffice() error {
	has := func(stream string) bool {
		var wide []byte
		for _, c := range []byte(stream) {
			wide = append(wide, c, 0)
		}
		return bytes.Contains(f.data, wide)
	}
	switch {
	case has("EncryptedPackage"):
		return fmt.Errorf("%s: locked with a password; open it, remove the password and save it", f.name)
	case has("WordDocument"):
		return fmt.Errorf("%s: an old Word file (.doc); %s", f.name, asWord)
	case has("Workbook"), has("Book"):
		return fmt.Errorf("%s: an old Excel file (.xls); %s", f.name, asExcel)
	}
	return fmt.Errorf("%s: an old Office file (.doc, .xls, .msg); open it and save it as .docx or .xlsx", f.name)
}

// foreign are the files that people hand over for a plan, by how they begin.
var foreign = []struct {
	is   func([]byte) bool
	cure string
}{
	{func(b []byte) bool { return bytes.Contains(b[:min(len(b), 1024)], []byte("%PDF-")) }, "a PDF; " + scanned},
	{picture, "a picture; " + scanned},
	{starts("{\\rtf"), "an RTF file; " + asWord},
	{webPage, "a web page (some programs name it .doc or .xls); open it in Word or Excel and save it as .docx or .xlsx"},
	{starts("\x1f\x8b", "7z\xbc\xaf\x27\x1c", "Rar!\x1a\x07", "\xfd7zXZ\x00", "BZh", "\x28\xb5\x2f\xfd"), "an archive; unpack it and import the file in it"},
	{func(b []byte) bool { return at(b, 257, "ustar") }, "an archive; unpack it and import the file in it"},
	{func(b []byte) bool {
		return starts("\x7fELF", "\xcf\xfa\xed\xfe", "\xca\xfe\xba\xbe", "SQLite format 3\x00")(b) || starts("MZ")(b) && bytes.IndexByte(b[:min(len(b), 128)], 0) > 0
	}, "a program or a database, no plan; import the plan as .docx, .xlsx, .csv or .md"},
}

func starts(with ...string) func([]byte) bool {
	return func(b []byte) bool {
		for _, w := range with {
			if at(b, 0, w) {
				return true
			}
		}
		return false
	}
}

func at(b []byte, pos int, s string) bool {
	return len(b) >= pos+len(s) && string(b[pos:pos+len(s)]) == s
}

func picture(b []byte) bool {
	return starts("\x89PNG\r\n", "\xff\xd8\xff", "GIF87a", "GIF89a", "II*\x00", "MM\x00*")(b) ||
		at(b, 0, "RIFF") && at(b, 8, "WEBP") ||
		at(b, 0, "BM") && at(b, 6, "\x00\x00\x00\x00") ||
		at(b, 4, "ftyp") && len(b) > 12 && b[0] == 0
}

// webPage reports HTML, and the XML that Office once wrote.
func webPage(b []byte) bool {
	b = b[:min(len(b), 1024)]
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		b = bytes.TrimPrefix(b, []byte(mark))
	}
	b = bytes.ToLower(bytes.TrimSpace(bytes.ReplaceAll(b, []byte{0}, nil)))
	return starts("<!doctype html", "<html", "<head", "<body", "<table", "<meta", "<style", "<?xml", "mime-version:")(b)
}

// textReader chooses among the formats that are text. A row of dashes makes a
// Markdown table, whatever the name; else the name decides.
func (f file) textReader() func(file) (sheet, error) {
	ext := strings.ToLower(filepath.Ext(f.name))
	switch {
	case hasDashRow(f.data):
		return file.readMarkdown
	case ext == ".csv" || ext == ".tsv":
		return file.readCSV
	}
	if text, err := f.text(); err == nil {
		if _, ok := separator(text); ok {
			return file.readCSV
		}
	}
	return file.readMarkdown
}

// hasDashRow reports a line such as |---|:-:| among the first of a text.
func hasDashRow(data []byte) bool {
	for line := range bytes.Lines(data[:min(len(data), 1<<20)]) {
		if delimiterRow(string(line)) > 1 {
			return true
		}
	}
	return false
}
