package planfile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"nhacviec/tasks"
)

// grid is the text of a worksheet.
type grid struct {
	sheet     // for errors; its notices
	worksheet worksheet
	rows      []gridRow // those with text, from the top
	hidden    []area    // columns
	err       error     // counts if the sheet is the plan's
}

type gridRow struct {
	n      int
	hidden bool
	cells  []string // clean, but for their line breaks; from column A on; all rows have as many
}

// read reads worksheets. It scans them all before the library loads any.
func (w *workbook) read(sheets []worksheet) ([]grid, error) {
	scans := make([]scan, len(sheets))
	grids := make([]grid, len(sheets))
	for i, ws := range sheets {
		sc, err := w.scan(ws)
		if err == nil {
			w.keep[ws.target], scans[i], err = ws.part, sc, sc.err
		}
		grids[i] = grid{sheet: w.sheet(ws), worksheet: ws, hidden: sc.hiddenCols, err: err}
	}
	book, err := w.open()
	if err != nil {
		return nil, err
	}
	defer book.Close()
	for i, sc := range scans {
		g := &grids[i]
		if g.worksheet.hidden {
			g.notice("it is hidden")
		}
		if err := w.fill(g, sc, book); err != nil {
			return nil, err
		}
		if err := g.unmerge(sc.merged); err != nil && g.err == nil {
			g.err = err
		}
	}
	return grids, nil
}

// fill reads the values of the cells that the scan has found.
func (w *workbook) fill(g *grid, sc scan, book *excelize.File) error {
	if len(sc.rows) == 0 {
		return nil
	}
	width := 0
	for _, r := range sc.rows {
		width = max(width, r.cells[len(r.cells)-1].col)
	}
	if width*len(sc.rows) > w.limits.cells() {
		if g.err == nil {
			g.err = g.tooManyInAll(sc.rows[0].n, w.limits)
		}
		return nil
	}
	rows, err := book.Rows(g.worksheet.name)
	if err != nil {
		return fmt.Errorf("%s: sheet %s: %w", w.name, g.worksheet.name, err)
	}
	defer rows.Close()
	for n, next := 1, 0; next < len(sc.rows); n++ {
		if !rows.Next() {
			return g.errorf(sc.rows[next].n, "not found again; save the file anew in Excel")
		}
		values, err := rows.Columns()
		if err != nil {
			return g.errorf(n, "%v; save the file anew in Excel", err)
		}
		row := sc.rows[next]
		if row.n != n {
			continue
		}
		next++
		r := gridRow{n: n, hidden: row.hidden, cells: make([]string, width)}
		for _, c := range row.cells {
			if c.col > len(values) {
				continue
			}
			text := w.text(c, values[c.col-1])
			if strings.ContainsRune(text, 0) {
				return g.errorf(n, "cell %s has a NUL character; type its words anew", cellName(c.col, n))
			}
			r.cells[c.col-1] = cleanLines(text)
		}
		g.rows = append(g.rows, r)
	}
	return nil
}

// text returns what a cell says, lines apart.
func (w *workbook) text(c scanCell, value string) string {
	switch c.kind {
	case "", "n":
		return w.formats[c.style].text(value, w.from1904)
	case "d":
		return isoDay(value)
	case "b":
		if value == "1" {
			return "TRUE"
		}
		return "FALSE"
	}
	return value
}

func (g *grid) notice(format string, args ...any) {
	g.notices = append(g.notices, fmt.Sprintf("sheet %s: ", g.worksheet.name)+fmt.Sprintf(format, args...))
}

// cleanLines cleans each line of a text, and drops the empty ones.
func cleanLines(s string) string {
	if !strings.Contains(s, "\n") {
		return tasks.Clean(s)
	}
	var lines []string
	for l := range strings.Lines(s) {
		if l = tasks.Clean(l); l != "" {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "\n")
}

// header returns the first header row, and the column of numbers below it; -1
// if there is none.
func (g *grid) header() (row, no int) {
	for i := range g.rows[:min(len(g.rows), headerWithin)] {
		if no, n := g.headerAt(i); n > 0 {
			return i, no
		}
	}
	return -1, 0
}

func (g *grid) headed() bool {
	row, _ := g.header()
	return row >= 0
}

// headerAt returns the column of numbers below a header that begins at a row,
// and of how many rows the header is: none if it is no header.
func (g *grid) headerAt(i int) (no, n int) {
	var t table
	for _, r := range g.rows[i:min(i+2, len(g.rows))] {
		t = append(t, record{r.n, r.cells})
	}
	c, n := headerAt(t, 0)
	return max(slices.Index(c.kinds, number), 0), n
}

// unmerge gives the text of cells merged over several rows to each task among
// them: a deadline that stands for three tasks. Rows without a number of their
// own carry on the task above, and have that text already.
func (g *grid) unmerge(merged []area) error {
	if len(merged) == 0 {
		return nil
	}
	covered := make([][maxColumns / 64]uint64, len(g.rows)) // a bit for each column that a merged cell is over
	for _, a := range merged {
		from, to := g.span(a)
		for i := from; i < to; i++ {
			for c := a.left; c <= min(a.right, len(g.rows[i].cells)); c++ {
				set, bit := &covered[i][(c-1)/64], uint64(1)<<((c-1)%64)
				if *set&bit != 0 {
					return g.errorf(g.rows[i].n, "cell %s is in two merged cells; save the file anew in Excel", cellName(c, g.rows[i].n))
				}
				*set |= bit
				if c > a.left || g.rows[i].n > a.top {
					g.uncover(i, c, a)
				}
			}
		}
	}
	own := g.numbered()
	for _, a := range merged {
		from, to := g.span(a)
		if from == to || g.rows[from].n != a.top || !own[from] || a.left > len(g.rows[from].cells) {
			continue
		}
		for i := from + 1; i < to; i++ {
			if own[i] {
				g.rows[i].cells[a.left-1] = g.rows[from].cells[a.left-1]
			}
		}
	}
	return nil
}

// span returns the rows of an area, from and up to.
func (g *grid) span(a area) (int, int) {
	byNumber := func(r gridRow, n int) int { return r.n - n }
	from, _ := slices.BinarySearchFunc(g.rows, a.top, byNumber)
	to, _ := slices.BinarySearchFunc(g.rows, a.bottom+1, byNumber)
	return from, to
}

// uncover empties a cell that Excel does not show, for it lies below a merged
// one.
func (g *grid) uncover(row, col int, a area) {
	cell := &g.rows[row].cells[col-1]
	if *cell != "" {
		g.notice("cell %s is not read: it lies below the merged cell %s, its text is %q", cellName(col, g.rows[row].n), cellName(a.left, a.top), beginning(*cell))
	}
	*cell = ""
}

// numbered reports which rows have a number of their own.
func (g *grid) numbered() []bool {
	own := make([]bool, len(g.rows))
	at := -1
	for i := 0; i < len(g.rows); i++ {
		if at >= 0 && plain(g.rows[i].cells[at]) {
			own[i] = true
		} else if no, n := g.headerAt(i); n > 0 {
			at = no
			i += n - 1
		} else if at >= 0 {
			own[i] = g.rows[i].cells[at] != ""
		}
	}
	return own
}

// split parts the task table from the title above it and the signatures below.
func (g *grid) split() sheet {
	s := g.sheet
	first, no := g.header()
	if first < 0 {
		first = 0
	}
	last := len(g.rows)
	for i := last - 1; i > first; i-- {
		if _, isTask := parseNumber(g.rows[i].cells[no]); isTask {
			break
		}
		if g.rows[i].signs() {
			last = i
		}
	}
	for _, r := range slices.Concat(g.rows[:first], g.rows[last:]) {
		s.prose = append(s.prose, r.lines()...)
	}
	if first < last {
		s.tables = []table{g.table(g.rows[first:last])}
	}
	g.noticeHidden(g.rows[first:last])
	s.notices = g.notices
	return s
}

// signs reports a row that signatures begin with.
func (r gridRow) signs() bool {
	i := slices.IndexFunc(r.cells, func(c string) bool { return c != "" })
	return i >= 0 && signature.MatchString(fold(beginning(r.cells[i])))
}

// lines returns the lines of text in a row.
func (r gridRow) lines() []line {
	var lines []line
	for _, cell := range r.cells {
		for text := range strings.SplitSeq(cell, "\n") {
			if text != "" {
				lines = append(lines, line{r.n, text})
			}
		}
	}
	return lines
}

// table makes rows a table, without the columns that have no text.
func (g *grid) table(rows []gridRow) table {
	var used []int
	for c := range rows[0].cells {
		if slices.ContainsFunc(rows, func(r gridRow) bool { return r.cells[c] != "" }) {
			used = append(used, c)
		}
	}
	t := make(table, 0, len(rows))
	for _, r := range rows {
		rec := record{r.n, make([]string, 0, len(used))}
		for _, c := range used {
			rec.cells = append(rec.cells, strings.ReplaceAll(r.cells[c], "\n", " "))
		}
		t = append(t, rec)
	}
	return t
}

// noticeHidden says which rows and columns of the table a reader of the sheet
// does not see.
func (g *grid) noticeHidden(rows []gridRow) {
	var hidden []string
	for _, r := range rows {
		if r.hidden {
			hidden = append(hidden, strconv.Itoa(r.n))
		}
	}
	if len(hidden) > 0 {
		g.notice("hidden rows are read too: %s", someOf(hidden))
	}
	hidden = nil
	for c := 1; len(rows) > 0 && c <= len(rows[0].cells); c++ {
		in := func(a area) bool { return a.left <= c && c <= a.right }
		filled := func(r gridRow) bool { return r.cells[c-1] != "" }
		if slices.ContainsFunc(g.hidden, in) && slices.ContainsFunc(rows, filled) {
			hidden = append(hidden, strings.TrimSuffix(cellName(c, 1), "1"))
		}
	}
	if len(hidden) > 0 {
		g.notice("hidden columns are read too: %s", someOf(hidden))
	}
}

// someOf lists names, not more than a line of them.
func someOf(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
