package planfile

import (
	"regexp"
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
	start      // when the work begins; the deadline says when it ends
	completion // "Ngày hoàn thành": the day on which it was done, or the deadline if nothing else is
	ignored    // what nhacviec itself writes beside a plan
	detail     // a second column of content
	spare      // a weaker column of deadlines
)

// columns is the meaning of a table's columns, as its header row says.
type columns struct {
	kinds    []column
	headings []string
}

// headingWords are the words that tell a column by its heading, folded; a
// leading or closing space is the edge of a word. The first that fits decides:
// "thời gian hoàn thành nhiệm vụ" is a deadline, "đơn vị thực hiện nhiệm vụ" a
// lead unit. Of two columns of one kind the heavier has it.
var headingWords = []struct {
	words  string
	kind   column
	weight int
}{
	{" lanh dao ", other, 0}, // a person who watches, not the unit that works
	{" don vi tinh ", other, 0},
	{" han che ", other, 0},
	{"ngay hoan thanh", completion, 0},
	{"bat dau", start, 0},
	{"khoi cong", start, 0},
	{" tu ngay ", start, 0},
	{" tu den ", deadline, 2},
	{"thoi gian tu ", start, 0},
	{"tien do tu ", start, 0},
	{"thuc hien tu ", start, 0},
	{"thoi gian den ", deadline, 3},
	{"tien do den ", deadline, 3},
	{"thuc hien den ", deadline, 3},
	{"chu tri", lead, 4},
	{"phoi hop", coordinating, 1},
	{"dau moi", lead, 3},
	{"tham muu", lead, 3},
	{"don vi phu trach", lead, 3},
	{"co quan phu trach", lead, 3},
	{"don vi thuc hien", lead, 2},
	{"co quan thuc hien", lead, 2},
	{"ca nhan thuc hien", lead, 2},
	{"phong ban thuc hien", lead, 2},
	{"to chuc thuc hien", lead, 2},
	{"trach nhiem", lead, 2},
	{"phan cong", lead, 2},
	{" duoc giao ", lead, 1},
	{"nguoi thuc hien", lead, 1},
	{"nguoi phu trach", lead, 1},
	{"can bo thuc hien", lead, 1},
	{" thoi han ", deadline, 3},
	{" han ", deadline, 3},
	{"ket thuc", deadline, 3},
	{" den ngay ", deadline, 3},
	{"thoi gian hoan thanh", deadline, 3},
	{"thoi diem hoan thanh", deadline, 3},
	{"tien do hoan thanh", deadline, 3},
	{"tien do thoi gian", deadline, 3},
	{"thoi gian", deadline, 2},
	{"thoi diem", deadline, 2},
	{"tien do", deadline, 1},
	{"lo trinh", deadline, 1},
	{"ghi chu", note, 1},
	{"san pham", product, 3},
	{"ket qua", product, 2},
	{"dau ra", product, 2},
	{"noi dung", content, 1},
	{"nhiem vu", content, 1},
	{"cong viec", content, 1},
	{"dau viec", content, 1},
	{"giai phap", content, 1},
	{"hoat dong", content, 1},
	{"don vi va ca nhan", lead, 1},
}

// wholeHeadings tell a column as a whole only.
var wholeHeadings = map[string]struct {
	kind   column
	weight int
}{
	"stt": {number, 3}, "tt": {number, 3}, "so tt": {number, 3}, "s tt": {number, 3}, "s t t": {number, 3}, "so thu tu": {number, 3}, "thu tu": {number, 2}, "so": {number, 1},
	"don vi": {lead, 1}, "co quan": {lead, 1}, "co quan don vi": {lead, 1}, "don vi co quan": {lead, 1}, "thuc hien": {lead, 1},
	"hoan thanh": {deadline, 3}, "den": {deadline, 3}, "tu": {start, 0},
	"trang thai": {ignored, 0},
}

// maxHeading is the longest heading in characters; longer text is content.
const maxHeading = 100

// header reads a record as a header row. It is one if it names the content and
// two more columns, the number or the deadline among them.
func header(r record) (columns, bool) {
	c := columns{kinds: make([]column, len(r.cells)), headings: r.cells}
	weights := make([]int, len(r.cells))
	var best [spare + 1]int // the heaviest of each kind, plus one
	for i, cell := range r.cells {
		if len(cell) > 3*maxHeading {
			return columns{}, false
		}
		c.kinds[i], weights[i] = kindOf(fold(cell))
		if c.kinds[i] != other {
			best[c.kinds[i]] = max(best[c.kinds[i]], weights[i]+1)
		}
	}
	named := 0
	for _, kind := range []column{number, content, lead, coordinating, deadline, product, note} {
		if best[kind] > 0 || kind == deadline && best[completion] > 0 {
			named++
		}
	}
	if best[content] == 0 || named < 3 || best[number] == 0 && best[deadline] == 0 {
		return columns{}, false
	}
	var seen [spare + 1]bool
	for i, kind := range c.kinds {
		c.kinds[i] = settle(kind, weights[i]+1 == best[kind], seen[kind], best[deadline] > 0)
		seen[c.kinds[i]] = true
	}
	return c, true
}

// settle decides what a column is when others of its kind are there. Deadlines
// and coordinating units may stand in several.
func settle(kind column, heaviest, seen, deadlines bool) column {
	switch kind {
	case completion:
		if deadlines {
			return ignored
		}
		return deadline
	case deadline:
		if !heaviest {
			return spare
		}
	case content:
		if seen {
			return detail
		}
	case coordinating, ignored, other:
	default:
		if !heaviest || seen {
			return other
		}
	}
	return kind
}

// kindOf returns what a folded heading means and with what weight.
func kindOf(heading string) (column, int) {
	if whole, ok := wholeHeadings[heading]; ok {
		return whole.kind, whole.weight
	}
	padded := " " + heading + " "
	for _, h := range headingWords {
		if strings.Contains(padded, h.words) {
			return h.kind, h.weight
		}
	}
	return other, 0
}

// headerAt finds a header that begins at a row of a table, and of how many rows
// it is: one, two when the second names the parts of what the first spans
// ("Đơn vị thực hiện" over "Chủ trì" and "Phối hợp"), or none.
func headerAt(t table, i int) (columns, int) {
	if !moreThan(2, t[i].cells) { // as most rows that are no tasks
		return columns{}, 0
	}
	if i+1 < len(t) {
		if joined, ok := joinHeadings(t[i].cells, t[i+1].cells); ok {
			c, ok := header(record{t[i].line, joined})
			if _, alone := header(t[i+1]); ok && !alone { // else the first is a title
				return c, 2
			}
		}
	}
	if c, ok := header(t[i]); ok {
		return c, 1
	}
	return columns{}, 0
}

func moreThan(n int, cells []string) bool {
	for _, cell := range cells {
		if cell != "" {
			n--
		}
	}
	return n < 0
}

// joinHeadings joins two rows of headings. A cell that spans others is followed
// by empty cells, or by its own text again; so is one that spans both rows.
func joinHeadings(top, sub []string) ([]string, bool) {
	if len(top) != len(sub) {
		return nil, false
	}
	joined := make([]string, len(top))
	known := false
	for i := 0; i < len(top); {
		end := i + 1
		for end < len(top) && top[i] != "" && sub[i] != "" && (top[end] == "" || top[end] == top[i]) && sub[end] != "" && sub[end] != top[i] {
			end++
		}
		for j := i; j < end; j++ {
			joined[j] = top[i]
			if sub[j] == "" || sub[j] == top[i] {
				continue
			}
			if end == i+1 || len(sub[j]) > 3*maxHeading {
				return nil, false // not a part of anything
			}
			joined[j] += " " + sub[j]
			if kind, _ := kindOf(fold(sub[j])); kind != other && kind != number {
				known = true
			}
		}
		i = end
	}
	return joined, known
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
		case unicode.In(c, unicode.Mn, unicode.Cf):
		default:
			b.WriteByte(' ')
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

var columnNumber = regexp.MustCompile(`^\(?(?:[A-Z]|\d{1,2})\)?(?:\s*=[\d\s()+*/:-]{1,20})?$`)

// numbering reports the row "(1) (2) (3) …" below a header; letters may stand
// in it, and sums: "A", "B", "(5)=(3)+(4)".
func numbering(r record) bool {
	filled := 0
	for _, cell := range r.cells {
		if cell == "" {
			continue
		}
		if filled++; !columnNumber.MatchString(cell) {
			return false
		}
	}
	return filled > 2
}
