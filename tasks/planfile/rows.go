package planfile

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nhacviec/tasks"
)

func itoa(n int) string { return strconv.Itoa(n) }

var (
	taskNumber    = regexp.MustCompile(`^(\d{1,6}(?:\.(?:\d{1,4}|[a-zđ]))*)([a-zđ]?)[.)]?$`)
	sectionNumber = regexp.MustCompile(`^(?:[IVXLC]+|[A-ZĐ])[.)]?$`)
)

// parseNumber reads "21", "21.", "03", "3.a", "3a".
func parseNumber(s string) (tasks.Number, bool) {
	m := taskNumber.FindStringSubmatch(s)
	if m == nil {
		return "", false
	}
	parts := strings.Split(m[1], ".")
	if m[2] != "" {
		parts = append(parts, m[2])
	}
	for i, p := range parts {
		if n, err := strconv.Atoi(p); err == nil {
			parts[i] = itoa(n)
		}
	}
	return tasks.Number(strings.Join(parts, ".")), true
}

// gatherer turns records into rows, one after the other.
type gatherer struct {
	sheet
	columns
	lead     string
	leadLine int // of a lead unit that no task has followed yet; 0: none
	rows     []tasks.Row
	lines    map[tasks.Number]int
	headed   bool // the record before was a header row
}

// rows returns the tasks of all tables, and the line at which their first
// table begins. Tables before the first header row, and small ones without
// numbers behind it (signatures), are no task tables.
func (s sheet) rows() ([]tasks.Row, int, error) {
	g := gatherer{sheet: s, lines: map[tasks.Number]int{}}
	first := 0
	for _, t := range s.tables {
		for i, r := range t {
			c, isHeader := header(r)
			switch {
			case isHeader:
				g.columns, g.headed = c, true
				if first == 0 {
					first = t[0].line
				}
				continue
			case first == 0:
				if i == 0 && g.looksLikeTask(r) {
					return nil, 0, s.errorf(r.line, "a task before any header row; the table wants a row such as: STT, Nội dung, Đơn vị phối hợp, Thời gian, Sản phẩm, Ghi chú")
				}
				continue
			case len(r.cells) != len(g.kinds):
				if len(r.cells) <= 2 && !g.looksLikeTask(r) {
					continue
				}
				return nil, 0, s.errorf(r.line, "a row of %d cells, but the header above has %d columns; give this table its own header row", len(r.cells), len(g.kinds))
			}
			if err := g.add(r); err != nil {
				return nil, 0, err
			}
		}
	}
	switch {
	case len(s.tables) == 0:
		return nil, 0, s.errorf(1, "no table; a plan's tasks stand in a table whose header row names STT, Nội dung, Thời gian …")
	case first == 0:
		return nil, 0, s.errorf(s.tables[0][0].line, "no header row; the table wants a row such as: STT, Nội dung, Đơn vị phối hợp, Thời gian, Sản phẩm, Ghi chú")
	case len(g.rows) == 0:
		return nil, 0, s.errorf(first, "the table has no task: no row begins with a number")
	}
	for _, row := range g.rows {
		if row.Content == "" {
			return nil, 0, s.errorf(row.Line, "task %s has no content", row.No)
		}
	}
	return g.rows, first, nil
}

func (g *gatherer) looksLikeTask(r record) bool {
	if len(r.cells) < 2 || r.cells[1] == "" {
		return false
	}
	_, ok := parseNumber(r.cells[0])
	return ok
}

// add reads one record below a header: a lead unit, a task, or the rest of the
// task above.
func (g *gatherer) add(r record) error {
	headed := g.headed
	g.headed = false
	if headed && numbering(r) {
		return nil
	}
	filled := 0
	only := ""
	for _, cell := range r.cells {
		if cell != "" {
			filled++
			only = cell
		}
	}
	no := g.cell(r, number)
	_, isNumber := parseNumber(no)
	switch {
	case filled == 0:
		return nil
	case filled == 1 && !isNumber && (no != "" || r.cells[0] != "" && !slices.Contains(g.kinds, lead)):
		g.lead, g.leadLine = only, r.line
		return nil
	case filled == 2 && sectionNumber.MatchString(no) && g.cell(r, content) != "":
		g.lead, g.leadLine = g.cell(r, content), r.line
		return nil
	case no == "":
		return g.carryOn(r)
	case !isNumber:
		return g.errorf(r.line, "%q is no task's number; numbers are like 21 or 3.a, and the rest of a task has none", no)
	}
	return g.begin(r)
}

func (g *gatherer) begin(r record) error {
	no, _ := parseNumber(g.cell(r, number))
	if before, twice := g.lines[no]; twice {
		return g.errorf(r.line, "task %s is there twice, first in line %d", no, before)
	}
	g.lines[no] = r.line
	g.leadLine = 0
	row := tasks.Row{No: no, Line: r.line}
	g.fill(&row, r)
	if row.Lead == "" {
		row.Lead = g.lead
	}
	g.rows = append(g.rows, row)
	return nil
}

func (g *gatherer) carryOn(r record) error {
	if len(g.rows) == 0 {
		return g.errorf(r.line, "a row without a number before any task")
	}
	if g.leadLine != 0 {
		return g.errorf(r.line, "a row without a number follows the lead unit of line %d; number it, or put the unit in the first cell alone", g.leadLine)
	}
	row := &g.rows[len(g.rows)-1]
	section := row.Lead == g.lead
	if section {
		row.Lead = ""
	}
	g.fill(row, r)
	if row.Lead == "" {
		row.Lead = g.lead
	}
	return nil
}

// fill appends a record's cells to a row.
func (g *gatherer) fill(row *tasks.Row, r record) {
	for i, cell := range r.cells {
		if cell == "" {
			continue
		}
		switch g.kinds[i] {
		case content:
			join(&row.Content, cell)
		case lead:
			join(&row.Lead, cell)
		case coordinating:
			join(&row.Coordinating, cell)
		case deadline:
			join(&row.Deadline, cell)
		case product:
			join(&row.Product, cell)
		case note:
			join(&row.Note, cell)
		case other:
			if g.headings[i] != "" {
				cell = g.headings[i] + ": " + cell
			}
			join(&row.Note, cell)
		}
	}
}

func join(text *string, more string) {
	if *text != "" {
		*text += " "
	}
	*text += more
}

// cell returns the cell of a kind of column; the number stands in the first
// column if no heading says where.
func (g *gatherer) cell(r record, kind column) string {
	for i, k := range g.kinds {
		if k == kind {
			return r.cells[i]
		}
	}
	if kind == number && g.kinds[0] == other {
		return r.cells[0]
	}
	return ""
}
