package planfile

import (
	"fmt"
	"slices"
	"strings"

	"nhacviec/tasks"
)

// gatherer turns records into rows, one after the other.
type gatherer struct {
	*sheet
	columns
	headed bool // the record before was a header row

	sections []section
	upper    string // the label of the section that Roman ones stand in: A
	unled    int    // the line of a section row that no task has followed yet; 0: none
	restart  bool   // text and a header stand before the next task: its 1 may begin another table
	closed   bool   // the signatures below the table have begun

	task    pending // the one that is being read
	top     int     // the row that sub-tasks stand under
	dashes  int     // sub-tasks under it without a number of their own
	rows    []tasks.Row
	of      []int32 // the section of each row
	highest int     // number so far
	first   tasks.Number

	ascending bool // all numbers so far are plain and rise
	marked    []string
	doubtful  []string // rows without a number that look like tasks
}

// pending is a task that may go on in the records below.
type pending struct {
	no tasks.Number
	columns
	line  int
	cells []string // the text of each column
	tails [][]byte // the same with that of the records below it, if there are any
	more  []byte   // of their columns that the task's header lacks
}

const wantsHeader = "the table wants a row such as: STT, Nội dung, Đơn vị phối hợp, Thời gian, Sản phẩm, Ghi chú"

// readRows reads the tasks of all tables into a gatherer, and returns the line
// at which their first table begins. Tables before the first header row, and
// small ones without numbers behind it (signatures), are no task tables.
func (s *sheet) readRows() (*gatherer, int, error) {
	g := &gatherer{sheet: s, sections: make([]section, 1), ascending: true, top: -1}
	records := 0
	for _, t := range s.tables {
		records += len(t)
	}
	g.rows, g.of = make([]tasks.Row, 0, records), make([]int32, 0, records)
	s.numberAll(g)
	first, last := 0, 0
	var skipped []int // tables that look like some with tasks
	for _, t := range s.tables {
		g.closed = false
		for i := 0; i < len(t); i++ {
			r := t[i]
			if !g.certain(r) {
				if c, n := headerAt(t, i); n > 0 {
					g.columns, g.headed = c, true
					g.restart = first > 0 && i == 0 && s.proseBetween(last, r.line)
					if first == 0 {
						first = t[0].line
					}
					i += n - 1
					continue
				}
			}
			last = r.line
			if first == 0 {
				switch {
				case !looksLikeTask(r):
				case i == 0:
					return nil, 0, s.errorf(r.line, "a task before any header row; "+wantsHeader)
				case len(skipped) == 0 || skipped[len(skipped)-1] != t[0].line:
					skipped = append(skipped, t[0].line)
				}
				continue
			}
			if len(r.cells) != len(g.kinds) {
				if len(r.cells) <= 2 && !looksLikeTask(r) {
					continue
				}
				return nil, 0, s.errorf(r.line, "a row of %d cells, but the header above has %d columns; give this table its own header row", len(r.cells), len(g.kinds))
			}
			if err := g.add(r, t[i+1:]); err != nil {
				return nil, 0, err
			}
			t[i].cells = nil // read: a long table need not be there twice
		}
	}
	if err := g.finish(); err != nil {
		return nil, 0, err
	}
	switch {
	case len(s.tables) == 0:
		return nil, 0, s.errorf(1, "no table; a plan's tasks stand in a table whose header row names STT, Nội dung, Thời gian …")
	case first == 0:
		return nil, 0, s.errorf(s.tables[0][0].line, "no header row; "+wantsHeader)
	case len(g.rows) == 0:
		return nil, 0, s.errorf(first, "the table has no task: no row begins with a number")
	}
	for _, line := range skipped {
		g.notices = append(g.notices, g.place(line)+": a table that is not read, for its headings name no tasks, lead units or deadlines")
	}
	return g, first, nil
}

// certain reports a record whose number says at once that it is no header row.
func (g *gatherer) certain(r record) bool {
	return len(g.kinds) > 0 && len(r.cells) == len(g.kinds) && numberLike(g.cell(r, number))
}

func looksLikeTask(r record) bool {
	if len(r.cells) < 2 || r.cells[1] == "" {
		return false
	}
	_, ok := parseNumber(r.cells[0])
	return ok
}

// add reads one record below a header: a section, a task, or the rest of the
// task above.
func (g *gatherer) add(r record, below table) error {
	headed := g.headed
	g.headed = false
	if headed && numbering(r) {
		return nil
	}
	no := g.cell(r, number)
	if plain(no) {
		g.closed = false
		return g.begin(tasks.Number(no), r)
	}
	text, filled := spread(r.cells)
	if filled == 0 || g.closes(r) {
		return nil
	}
	n, isNumber := parseNumber(no)
	switch {
	case isNumber:
		g.closed = false
		return g.begin(n, r)
	case filled == 1 && (no != "" || r.cells[0] != "" && !slices.Contains(g.kinds, lead)):
		return g.open("", text, r.line)
	case filled == 2 && sectionNumber.MatchString(packed(no)) && g.cell(r, content) != "" && g.cell(r, content) != no:
		return g.open(no, g.cell(r, content), r.line)
	case filled == 1 && no == "" && text == g.cell(r, content) && isUnitTitle(text) && g.nextIsTask(below):
		g.notices = append(g.notices, fmt.Sprintf("%s: %q is read as the lead unit of the tasks below", g.place(r.line), text))
		return g.open("", text, r.line)
	case no == "":
		return g.carryOn(r)
	}
	return g.beginMarked(no, r)
}

// spread returns how many different texts a row has, and the last of them:
// merged cells are given as empty, or with their text repeated.
func spread(cells []string) (text string, filled int) {
	for i, cell := range cells {
		if cell != "" && (filled == 0 || cell != text || i > 0 && cells[i-1] == "") {
			filled++
			text = cell
		}
	}
	return text, filled
}

// closes reports a row of the signatures that an Excel table ends with.
func (g *gatherer) closes(r record) bool {
	if !g.closed {
		for _, cell := range r.cells {
			if cell != "" {
				g.closed = signature.MatchString(fold(cell[:min(len(cell), 60)]))
				break
			}
		}
	}
	if !g.closed {
		return false
	}
	_, isTask := parseNumber(g.cell(r, number))
	return !isTask
}

// isUnitTitle reports text that is a unit's name in capitals, not the rest of a
// task's content.
func isUnitTitle(s string) bool {
	return capitals(s) && len(strings.Fields(s)) > 1 && len([]rune(s)) >= 10
}

func (g *gatherer) nextIsTask(below table) bool {
	if len(below) == 0 || len(below[0].cells) != len(g.kinds) {
		return false
	}
	_, ok := parseNumber(g.cell(below[0], number))
	return ok
}

// open begins a section: its title names the lead unit of the tasks in it.
func (g *gatherer) open(label, title string, line int) error {
	if m := sectionTitle.FindStringSubmatch(title); m != nil && label == "" {
		label, title = m[1], m[2]
	}
	if m := sectionNumber.FindStringSubmatch(packed(label)); m != nil {
		label = m[1]
		switch {
		case len(label) == 1 && !strings.Contains("IVX", label):
			g.upper = label
		case g.upper != "":
			label = g.upper + "." + label
		}
	}
	if err := g.finish(); err != nil {
		return err
	}
	g.sections = append(g.sections, section{label, title})
	g.unled, g.restart = line, false
	return nil
}

// beginMarked begins a sub-task that a letter or a dash marks.
func (g *gatherer) beginMarked(mark string, r record) error {
	if m := sectionNumber.FindStringSubmatch(packed(mark)); m != nil {
		return g.beginSection(m[1], r)
	}
	letter := letterNumber.FindStringSubmatch(packed(mark))
	if letter == nil && !bullets[mark] {
		return g.errorf(r.line, "%q is no task's number; numbers are like 21, 3.a or II.2, and the rest of a task has none", mark)
	}
	if g.task.no == "" || g.unled != 0 {
		return g.errorf(r.line, "a sub-task %q without a task above it", mark)
	}
	if letter != nil {
		return g.begin(parent(g.above())+"."+tasks.Number(letter[1]), r)
	}
	return g.beginDashed(r)
}

// beginSection begins a task that is a section's first row at once: numbers
// below it may begin at 1 again.
func (g *gatherer) beginSection(label string, r record) error {
	if err := g.finish(); err != nil {
		return err
	}
	g.sections = append(g.sections, section{label, g.sections[len(g.sections)-1].lead})
	return g.begin(tasks.Number(label), r)
}

// above returns the number that the next letter or dash stands under.
func (g *gatherer) above() tasks.Number {
	if g.dashes > 0 {
		up, _, _ := cutLast(g.task.no)
		return up
	}
	return g.task.no
}

// beginDashed begins a sub-task that has only a dash: its number is its ordinal.
func (g *gatherer) beginDashed(r record) error {
	dashes := g.dashes + 1
	no := g.above() + "." + tasks.Number(itoa(dashes))
	if err := g.begin(no, r); err != nil {
		return err
	}
	g.dashes = dashes
	g.marked = append(g.marked, string(no))
	return nil
}

func (g *gatherer) begin(no tasks.Number, r record) error {
	if err := g.finish(); err != nil {
		return err
	}
	if g.restart && no == g.first {
		g.sections = append(g.sections, section{})
	}
	if len(g.rows) == 0 || g.unled != 0 || g.restart {
		g.first = no
	}
	g.restart, g.unled, g.dashes = false, 0, 0
	g.task.no, g.task.columns, g.task.line = no, g.columns, r.line
	g.task.cells = append(g.task.cells[:0], r.cells...)
	return nil
}

// carryOn appends a record without a number to the task above, as after a page
// break. One that says "a) …" and its own deadline is a sub-task.
func (g *gatherer) carryOn(r record) error {
	if g.task.no == "" && g.unled == 0 {
		if !slices.Contains(g.kinds, number) && g.kinds[0] != other {
			return g.errorf(r.line, "the table has no column of numbers; add one with the heading STT")
		}
		return g.errorf(r.line, "a row without a number before any task; give each task its number")
	}
	if g.unled != 0 {
		return g.errorf(r.line, "a row without a number follows the lead unit of %s; number it, or put the unit in the first cell alone", g.place(g.unled))
	}
	if m := markedContent.FindStringSubmatch(g.cell(r, content)); m != nil && understood(g.cell(r, deadline)) {
		r.cells = slices.Clone(r.cells)
		r.cells[slices.Index(g.kinds, content)] = m[2]
		if m[1] == "" {
			return g.beginDashed(r)
		}
		no := parent(g.above()) + "." + tasks.Number(m[1])
		g.marked = append(g.marked, string(no))
		return g.begin(no, r)
	}
	if g.looksOwn(r) {
		g.doubtful = append(g.doubtful, fmt.Sprintf("%s (to task %s)", g.place(r.line), g.task.no))
	}
	for i, cell := range r.cells {
		if cell == "" {
			continue
		}
		if g.task.join(g.columns, i, cell) > g.limits.Cell {
			return g.errorf(r.line, "the rest of task %s makes a cell of more than %d KB, the max_cell_kb of [import]", g.task.no, g.limits.Cell>>10)
		}
	}
	return nil
}

// looksOwn reports a record without a number that brings content, and a lead unit
// or a deadline although the task above has one. It may be a task that nobody
// numbered, or a page break in a cell of two units or two days.
func (g *gatherer) looksOwn(r record) bool {
	if g.cell(r, content) == "" {
		return false
	}
	above := record{g.task.line, g.task.cells}
	if len(g.task.cells) != len(r.cells) {
		return false
	}
	unit, day := g.cell(r, lead), g.cell(r, deadline)
	return unit != "" && !startsLower(unit) && g.cell(above, lead) != "" ||
		understood(day) && understood(g.cell(above, deadline))
}

func understood(deadline string) bool {
	return deadline != "" && tasks.ParseDeadline(deadline, 0).Kind != tasks.Unknown
}

// join appends a cell of a record below the task, and returns how long the
// text is that it joins.
func (t *pending) join(c columns, i int, cell string) int {
	at := t.columnOf(c, i)
	if at < 0 {
		t.more = append(append(t.more, ' '), labelled(c.headings[i], cell)...)
		return len(t.more)
	}
	if t.tails == nil {
		t.tails = make([][]byte, len(t.cells))
	}
	if t.tails[at] == nil {
		t.tails[at] = []byte(t.cells[at])
	}
	if len(t.tails[at]) > 0 {
		t.tails[at] = append(t.tails[at], ' ')
	}
	t.tails[at] = append(t.tails[at], cell...)
	return len(t.tails[at])
}

// columnOf returns which column of the task's header a column of another is.
func (t *pending) columnOf(c columns, i int) int {
	if i < len(t.kinds) && t.kinds[i] == c.kinds[i] && t.headings[i] == c.headings[i] {
		return i
	}
	for j, kind := range t.kinds {
		if kind == c.kinds[i] && (kind != other || t.headings[j] == c.headings[i]) {
			return j
		}
	}
	return -1
}

func join(text *string, more string) {
	if *text != "" {
		*text += " "
	}
	*text += more
}

func labelled(heading, text string) string {
	if heading == "" {
		return text
	}
	return heading + ": " + text
}

// cell returns the cell of a kind of column; the number stands in the first
// column if no heading says where. A record may have fewer cells than the header.
func (g *gatherer) cell(r record, kind column) string {
	at := slices.Index(g.kinds, kind)
	if at < 0 && kind == number && len(g.kinds) > 0 && g.kinds[0] == other {
		at = 0
	}
	if at < 0 || at >= len(r.cells) {
		return ""
	}
	return r.cells[at]
}
