package planfile

import (
	"strings"
	"testing"

	"nhacviec/tasks"
)

func FuzzReadMarkdown(f *testing.F) {
	for text, tasks := range map[string]int{
		head + "| 1 | a | | | | |\n":                                   1,
		head + "| A | | | | | |\n| 1 | a | | | | |\n| | b | | | | |\n": 1,
		head + "| 1 | a `x\\|y` | | | | |\n| 2 | <br> b\n":             2,
		"> " + strings.ReplaceAll(head, "\n", "\n> ") + "| 1 | a |\n":  1,
		head: 0,
		"":   0,
	} {
		if doc, _ := ReadMarkdown("f.md", []byte(text)); len(doc.Rows) != tasks {
			f.Errorf("%q: %d tasks, want %d", text, len(doc.Rows), tasks)
		}
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := ReadMarkdown("f.md", data)
		checkRead(t, "f.md:", data, doc, err)
	})
}

func FuzzCSV(f *testing.F) {
	for text, tasks := range map[string]int{
		csvHead + "1,a,,\n": 1,
		"\ufeff" + csvHead + "CÔNG AN,,,\n1,\"a\nb\",,\n,c,,\n2,d,,Quý I\n":                          2,
		"KẾ HOẠCH\n\nTT;Nhiệm vụ;Đơn vị thực hiện;;Tiến độ\n;;Chủ trì;Phối hợp;\nI;A;;;\n1;a;b;c;\n": 1,
		"sep=\t\nSTT\tNội dung\tBắt đầu\tKết thúc\n1\ta\t01/6/2023\t30/6/2023\n-\tb\t\t\n":           2,
		csvHead + "I,A,,\n1,a,,\nII,B,,\n1,b,,\na),c,,\n":                                            3,
		csvHead + "1,a\"b,,\n": 0,
		csvHead:                0,
		"":                     0,
	} {
		if doc, _ := readText(f, text); len(doc.Rows) != tasks {
			f.Errorf("%q: %d tasks, want %d", text, len(doc.Rows), tasks)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := readText(t, text)
		checkRead(t, "plan.csv:", []byte(text), doc, err)
	})
}

// FuzzRead reads whatever the content says it is.
func FuzzRead(f *testing.F) {
	read := func(data []byte) (Document, error) {
		in := file{name: "f", data: data, limits: DefaultLimits()}
		format, err := in.reader()
		if err != nil {
			return Document{}, err
		}
		s, err := format(in)
		if err != nil {
			return Document{}, err
		}
		return s.document()
	}
	for text, want := range map[string]string{
		head + "| 1 | a | | | | |\n":       "",
		csvHead + "1,a,,\n":                "",
		"%PDF-1.7":                         "a PDF;",
		"PK\x03\x04":                       "cut off or damaged",
		"\xff\xfeS":                        "cut off within a character",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office file",
		"{\\rtf1":                          "an RTF file;",
		"<html>":                           "a web page",
		"\x00\x01\x02":                     "a NUL byte",
		"":                                 "an empty file;",
	} {
		doc, err := read([]byte(text))
		if want == "" && (err != nil || len(doc.Rows) != 1) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			f.Errorf("%q: %d rows, error %v, want %q", text, len(doc.Rows), err, want)
		}
		f.Add([]byte(text))
	}
	f.Add(zipFile(f, part{"word/document.xml", "<w:document/>"}))
	f.Add(zipFile(f, part{"xl/workbook.xml", "<workbook/>"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := read(data)
		checkRead(t, "f:", nil, doc, err)
	})
}

// checkRead checks what holds for all that is read: an error of one line that
// names the file and nothing else, or tasks with numbers of their own. data
// nil: lines are no lines of a text.
func checkRead(t *testing.T, prefix string, data []byte, doc Document, err error) {
	t.Helper()
	if err != nil {
		if !strings.HasPrefix(err.Error(), prefix) || strings.Contains(err.Error(), "\n") || len(doc.Rows) != 0 {
			t.Fatalf("error %q, %d rows", err, len(doc.Rows))
		}
		return
	}
	seen := map[tasks.Number]bool{}
	lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") + 1
	for _, r := range doc.Rows {
		if r.No == "" || len(r.No) > 100 || seen[r.No] || r.Content == "" || r.Line < 1 || data != nil && r.Line > lines {
			t.Fatalf("%q: row %+v", data, r)
		}
		seen[r.No] = true
		for _, s := range []string{r.Lead, r.Coordinating, r.Content, r.Deadline, r.Product, r.Note} {
			if s != tasks.Clean(s) {
				t.Fatalf("%q: %q is not clean", data, s)
			}
		}
	}
	if len(doc.Rows) == 0 {
		t.Fatalf("%q: no task and no error", data)
	}
}
