package planfile

import (
	"cmp"
	"fmt"
	"strings"
)

// sheet is what a format's reader finds in a file. Lines rise from the top of
// the file to its end; formats without lines count their rows.
type sheet struct {
	name    string
	where   func(line int) string // what an error calls a line: "table 1, row 12"; nil: its number
	tables  []table
	prose   []line // the text outside of the tables, line by line
	notices []string
	limits  Limits // zero: DefaultLimits
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

// document reads title, number, date and rows out of a sheet.
func (s sheet) document() (Document, error) {
	s.limits = s.bounds()
	if err := s.oldText(); err != nil {
		return Document{}, err
	}
	g, first, err := s.readRows()
	if err != nil {
		return Document{}, err
	}
	g.nameLeads()
	if err := g.distinguish(); err != nil {
		return Document{}, err
	}
	g.tellColumns()
	var above []string
	var all []string
	for _, l := range s.prose {
		all = append(all, l.text)
		if l.line < first {
			above = append(above, l.text)
		}
	}
	for _, t := range s.tables { // the letterhead
		if len(t) > 0 && t[0].line >= first {
			break
		}
		for _, r := range t {
			all = append(all, r.cells...)
		}
	}
	h := readHeading(all, above)
	return Document{Title: cmp.Or(title(above), h.attachedTo), Number: h.number, Issued: h.issued, Dated: h.dated, Rows: g.rows, Notices: s.notices}, nil
}

func (s sheet) bounds() Limits {
	if s.limits == (Limits{}) {
		return DefaultLimits()
	}
	return s.limits
}

// headerWithin is how many rows of a grid may stand above its header.
const headerWithin = 500

// addGrid adds the rows of a file that is one grid of cells: those above the
// header row are prose, and the others as wide as the header.
func (s *sheet) addGrid(t table) error {
	for i := range t[:min(len(t), headerWithin)] {
		_, n := headerAt(narrow(t[i:min(i+2, len(t))]), 0)
		if n == 0 {
			continue
		}
		s.addProse(t[:i])
		width := 0
		for _, r := range t[i : i+n] {
			width = max(width, filledWidth(r.cells))
		}
		return s.fit(t[i:], width)
	}
	return s.fit(t, 0)
}

func (s *sheet) addProse(t table) {
	for _, r := range t {
		last := ""
		for _, cell := range r.cells {
			if cell != "" && cell != last {
				s.prose = append(s.prose, line{r.line, cell})
				last = cell
			}
		}
	}
}

// narrow returns two rows as wide as the wider of them without empty cells at
// the end.
func narrow(t table) table {
	width := 0
	for _, r := range t {
		width = max(width, filledWidth(r.cells))
	}
	out := make(table, len(t))
	for i, r := range t {
		out[i] = record{r.line, fitted(r.cells, width)}
	}
	return out
}

// fit adds rows as a table of a width; 0: that of the widest.
func (s *sheet) fit(t table, width int) error {
	exact := width > 0
	if !exact {
		for _, r := range t {
			width = max(width, len(r.cells))
		}
	}
	if l := s.bounds(); width*len(t) > l.cells() {
		return s.tooManyInAll(t[0].line, l)
	}
	for i, r := range t {
		if exact && filledWidth(r.cells) > width {
			return s.errorf(r.line, "a row of %d cells, but the header has %d columns; put text that holds a separator in quotes", filledWidth(r.cells), width)
		}
		t[i].cells = fitted(r.cells, width)
	}
	if len(t) > 0 {
		s.tables = append(s.tables, t)
	}
	return nil
}

func filledWidth(cells []string) int {
	n := len(cells)
	for n > 0 && cells[n-1] == "" {
		n--
	}
	return n
}

// fitted returns cells of a width. Those that an array has behind its filled
// ones are empty.
func fitted(cells []string, width int) []string {
	if cap(cells) >= width {
		return cells[:width:width]
	}
	return append(cells[:len(cells):len(cells)], make([]string, width-len(cells))...)
}

// proseBetween reports text between two lines, page numbers apart.
func (s *sheet) proseBetween(from, to int) bool {
	for _, l := range s.prose {
		if l.line > from && l.line < to && strings.Trim(l.text, "0123456789/-–. ") != "" {
			return true
		}
	}
	return false
}

func (s sheet) errorf(line int, format string, args ...any) error {
	what := fmt.Sprintf(format, args...)
	if s.where != nil {
		return fmt.Errorf("%s: %s: %s", s.name, s.where(line), what)
	}
	return fmt.Errorf("%s:%d: %s", s.name, line, what)
}

// place names a line within a text.
func (s sheet) place(line int) string {
	if s.where != nil {
		return s.where(line)
	}
	return fmt.Sprintf("line %d", line)
}

func (s sheet) tooManyRows(line int, l Limits) error {
	return s.errorf(line, "more than %d rows, the max_rows of [import]; a plan has fewer", l.Rows)
}

func (s sheet) cellTooLong(line int, l Limits) error {
	return s.errorf(line, "a cell of more than %d KB, the max_cell_kb of [import]", l.Cell>>10)
}

func (s sheet) tooManyCells(line int) error {
	return s.errorf(line, "a row of more than %d cells; a plan has fewer columns: delete those beside the table", maxColumns)
}

func (s sheet) tooManyInAll(line int, l Limits) error {
	return s.errorf(line, "more than %d cells, empty ones too; delete the columns and rows that are not of the table, or raise the max_rows of [import]", l.cells())
}
