package planfile

import "fmt"

// numberAll numbers the tasks of a file in which none has a number, though each
// table has a column for them. Every row must then be a task for sure: it has
// content, and a lead unit or a deadline; a section row may stand among them.
func (s *sheet) numberAll(g *gatherer) {
	var rows []*string
	first := 0
	var c gatherer
	for _, t := range s.tables {
		c.closed = false
		for i := 0; i < len(t); i++ {
			if h, n := headerAt(t, i); n > 0 {
				c.columns, c.headed = h, true
				i += n - 1
				continue
			}
			if len(c.kinds) == 0 || len(t[i].cells) != len(c.kinds) && len(t[i].cells) <= 2 {
				continue // of a letterhead, or of signatures
			}
			switch c.unnumbered(t[i]) {
			case aTask:
				if first == 0 {
					first = t[i].line
				}
				rows = append(rows, &t[i].cells[c.numberAt()])
			case unsure:
				return
			}
			c.headed = false
		}
	}
	if len(rows) == 0 {
		return
	}
	for i, cell := range rows {
		*cell = itoa(i + 1)
	}
	g.notices = append(g.notices, fmt.Sprintf("%s: no task has a number, so they are numbered in their order, 1 to %d; number them in the file before rows are put in or taken out, or tasks are taken for others", s.place(first), len(rows)))
}

// rowSort is what a row of a table without numbers is.
type rowSort int

const (
	unsure rowSort = iota
	aTask
	noTask
)

func (g *gatherer) unnumbered(r record) rowSort {
	if len(r.cells) != len(g.kinds) || g.numberAt() < 0 {
		return unsure
	}
	if g.headed && numbering(r) {
		return noTask
	}
	_, filled := spread(r.cells)
	switch no := g.cell(r, number); {
	case filled == 0, g.closes(r):
		return noTask
	case filled == 1 && r.cells[0] != "", // a section
		filled == 2 && sectionNumber.MatchString(packed(no)) && g.cell(r, content) != "":
		return noTask
	case no != "" || g.cell(r, content) == "" || g.cell(r, lead) == "" && g.cell(r, deadline) == "":
		return unsure
	}
	return aTask
}

// numberAt returns the column of numbers, -1 if there is none.
func (g *gatherer) numberAt() int {
	for i, k := range g.kinds {
		if k == number {
			return i
		}
	}
	return -1
}
