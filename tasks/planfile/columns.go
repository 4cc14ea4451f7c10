package planfile

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// column is what a column of a task table holds.
type column int

const (
	other column = iota // kept in the note, with its heading
	number
	content
	lead
	coordinating
	deadline
	product
	note
)

// columns is the meaning of a table's columns, as its header row says.
type columns struct {
	kinds    []column
	headings []string
}

// headingWords are the words that tell a column by its heading, folded. The
// first that fits decides: "thời gian hoàn thành nhiệm vụ" is a deadline,
// "đơn vị thực hiện nhiệm vụ" a lead unit.
var headingWords = []struct {
	words string
	kind  column
}{
	{"chu tri", lead},
	{"phoi hop", coordinating},
	{"don vi thuc hien", lead},
	{"co quan thuc hien", lead},
	{"don vi dau moi", lead},
	{"co quan dau moi", lead},
	{"don vi phu trach", lead},
	{"thoi gian", deadline},
	{"thoi han", deadline},
	{"tien do", deadline},
	{"han hoan thanh", deadline},
	{"han xu ly", deadline},
	{"ghi chu", note},
	{"san pham", product},
	{"ket qua", product},
	{"noi dung", content},
	{"nhiem vu", content},
	{"cong viec", content},
	{"dau viec", content},
}

var numberHeadings = map[string]bool{"stt": true, "tt": true, "so tt": true, "so thu tu": true, "thu tu": true, "so": true}

// maxHeading is the longest heading in characters; longer text is content.
const maxHeading = 60

// header reads a record as a header row. It is one if it names the content and
// two more columns, the number or the deadline among them.
func header(r record) (columns, bool) {
	c := columns{kinds: make([]column, len(r.cells)), headings: r.cells}
	seen := map[column]bool{}
	for i, cell := range r.cells {
		if len([]rune(cell)) > maxHeading {
			return columns{}, false
		}
		kind := kindOf(fold(cell))
		if kind != other && !seen[kind] {
			seen[kind] = true
			c.kinds[i] = kind
		}
	}
	return c, seen[content] && len(seen) >= 3 && (seen[number] || seen[deadline])
}

func kindOf(heading string) column {
	if numberHeadings[heading] {
		return number
	}
	for _, h := range headingWords {
		if strings.Contains(heading, h.words) {
			return h.kind
		}
	}
	return other
}

// fold returns the letters and digits of a heading in lower case without
// diacritics, its words joined by one space.
func fold(s string) string {
	var b strings.Builder
	for _, c := range norm.NFD.String(s) {
		switch c = unicode.ToLower(c); {
		case c == 'đ':
			b.WriteByte('d')
		case unicode.IsLetter(c), unicode.IsDigit(c):
			b.WriteRune(c)
		case unicode.Is(unicode.Mn, c):
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// numbering reports the row "(1) (2) (3) …" below a header.
func numbering(r record) bool {
	for i, cell := range r.cells {
		if n, ok := strings.CutPrefix(cell, "("); !ok || n != itoa(i+1)+")" {
			if cell != itoa(i+1) {
				return false
			}
		}
	}
	return len(r.cells) > 2
}
