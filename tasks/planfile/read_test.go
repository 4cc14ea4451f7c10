package planfile

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

const csvHead = "STT,Nội dung,Đơn vị chủ trì,Thời hạn\n"

// wide returns text in UTF-16 with its mark.
func wide(s string, order binary.AppendByteOrder) string {
	out := order.AppendUint16
	b := out(nil, 0xfeff)
	for _, u := range utf16.Encode([]rune(s)) {
		b = out(b, u)
	}
	return string(b)
}

// The content tells the format, whatever the name says.
func TestReadByContent(t *testing.T) {
	t.Parallel()
	md := head + "| 1 | a | | | | |\n"
	csv := csvHead + "1,a,,\n"
	for name, data := range map[string]string{
		"plan.md":          md,
		"plan.markdown":    md,
		"PLAN.MD":          md,
		"plan":             md,
		"plan.txt":         md,
		"table.csv":        md,
		"table.docx":       md,
		"table.pdf":        md,
		"plan.csv":         csv,
		"plan.tsv":         strings.ReplaceAll(csv, ",", "\t"),
		"sheet.txt":        strings.ReplaceAll(csv, ",", "\t"),
		"sheet.md":         csv,
		"sheet.xlsx":       strings.ReplaceAll(csv, ",", ";"),
		"sheet":            csv,
		"unicode-le.txt":   wide(strings.ReplaceAll(csv, ",", "\t"), binary.LittleEndian),
		"unicode-be.csv":   wide(csv, binary.BigEndian),
		"unicode-le.md":    wide(md, binary.LittleEndian),
		"mark.csv":         "\ufeff" + csv,
		"windows.csv":      strings.ReplaceAll(csv, "\n", "\r\n"),
		"old-mac.csv":      strings.ReplaceAll(csv, "\n", "\r"),
		"told.csv":         "sep=;\n" + strings.ReplaceAll(csv, ",", ";"),
		"Kế hoạch (1).csv": csv,
	} {
		path := filepath.Join(t.TempDir(), name)
		write(t, path, data)
		doc, err := Read(path, Options{})
		if err != nil || len(doc.Rows) != 1 || doc.Rows[0].No != "1" || doc.Rows[0].Content != "a" {
			t.Errorf("%s: %+v, error %v", name, doc.Rows, err)
		}
	}
}

func write(t testing.TB, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestReadRefusesByContent(t *testing.T) {
	t.Parallel()
	utf16le := func(s string) string { return wide(s, binary.LittleEndian)[2:] }
	const ole = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00"
	for name, c := range map[string]struct{ data, want string }{
		"pdf":           {"%PDF-1.7\n...", "a PDF; ask for the Word or Excel file"},
		"pdf, late":     {"junk\n%PDF-1.4", "a PDF;"},
		"doc":           {ole + utf16le("WordDocument"), "an old Word file (.doc); open it in Word or LibreOffice and save it as .docx"},
		"xls":           {ole + utf16le("Workbook"), "an old Excel file (.xls); open it in Excel or LibreOffice and save it as .xlsx"},
		"locked":        {ole + utf16le("EncryptedPackage"), "locked with a password;"},
		"msg":           {ole, "an old Office file"},
		"png":           {"\x89PNG\r\n\x1a\n", "a picture;"},
		"jpeg":          {"\xff\xd8\xff\xe0", "a picture;"},
		"gif":           {"GIF89a", "a picture;"},
		"webp":          {"RIFF\x10\x00\x00\x00WEBPVP8 ", "a picture;"},
		"tiff":          {"II*\x00", "a picture;"},
		"bmp":           {"BM\x10\x10\x00\x00\x00\x00\x00\x00", "a picture;"},
		"heic":          {"\x00\x00\x00\x18ftypheic\x00", "a picture;"},
		"rtf":           {`{\rtf1 a}`, "an RTF file; open it in Word"},
		"html":          {"\n<HTML><table>", "a web page"},
		"html, 16 bits": {wide("<html>", binary.LittleEndian), "a web page"},
		"xml":           {"\ufeff<?xml version=\"1.0\"?><Workbook>", "a web page"},
		"gzip":          {"\x1f\x8b\x08", "an archive;"},
		"7z":            {"7z\xbc\xaf\x27\x1c", "an archive;"},
		"rar":           {"Rar!\x1a\x07\x00", "an archive;"},
		"tar":           {strings.Repeat("a", 257) + "ustar", "an archive;"},
		"elf":           {"\x7fELF\x02", "a program"},
		"exe":           {"MZ\x90\x00", "a program"},
		"sqlite":        {"SQLite format 3\x00", "a program or a database"},
		"zip, cut off":  {"PK\x03\x04abc", "cut off or damaged"},
		"empty":         {"", "an empty file;"},
		"NUL":           {"STT\x00", "1: a NUL byte"},
		"not UTF-8":     {csvHead + "1,a\xff,,\n", "2: not UTF-8"},
		"half a pair":   {wide("STT\n", binary.LittleEndian) + "\x00\xd8a\x00", "2: half a character"},
		"an odd byte":   {wide("STT\n", binary.LittleEndian) + "a", "2: cut off within a character"},
		"prose":         {"Kế hoạch", "no table"},
	} {
		for _, ext := range []string{".docx", ".xlsx", ".csv", ".md", ".pdf", ""} {
			if name == "prose" && ext == ".csv" {
				continue // there it is a row of one cell
			}
			path := filepath.Join(t.TempDir(), "plan"+ext)
			write(t, path, c.data)
			_, err := Read(path, Options{})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), path) {
				t.Errorf("%s as plan%s: %v, want %q", name, ext, err, c.want)
			}
		}
	}
}

func TestReadSheetOfNone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "plan.md")
	write(t, path, head+"| 1 | a | | | | |\n")
	if _, err := Read(path, Options{Sheet: "Phụ lục"}); err == nil || !strings.Contains(err.Error(), `leave out --sheet "Phụ lục"`) {
		t.Errorf("a sheet of a text: %v", err)
	}
}

func TestReadKindsOfZip(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"ppt/presentation.xml": "a PowerPoint file;",
		"xl/workbook.bin":      "a binary Excel workbook",
		"a.txt":                "a zip archive without a plan's parts;",
	} {
		path := filepath.Join(t.TempDir(), "plan.docx")
		write(t, path, string(zipFile(t, part{name, "x"})))
		if _, err := Read(path, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	for mime, want := range map[string]string{
		"application/vnd.oasis.opendocument.text":        "an OpenDocument text (.odt);",
		"application/vnd.oasis.opendocument.spreadsheet": "an OpenDocument sheet (.ods);",
	} {
		path := filepath.Join(t.TempDir(), "plan.docx")
		write(t, path, string(zipFile(t, part{"mimetype", mime})))
		if _, err := Read(path, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", mime, err, want)
		}
	}
}
