package planfile

import (
	"fmt"
	"slices"
	"strings"

	"nhacviec/tasks"
)

// finish makes a row of the task that is being read: nothing of it comes below.
func (g *gatherer) finish() error {
	t := &g.task
	if t.no == "" {
		return nil
	}
	for i, tail := range t.tails {
		if tail != nil {
			t.cells[i] = string(tail)
		}
	}
	row := tasks.Row{No: t.no, Line: t.line}
	var ends, begins, spares, details string
	twice := false
	for i, cell := range t.cells {
		if cell == "" {
			continue
		}
		switch t.kinds[i] {
		case content:
			row.Content = cell
		case detail:
			join(&details, cell)
		case lead:
			units := ""
			if row.Lead, units = splitLead(cell); units != "" {
				addUnits(&row.Coordinating, units)
			}
		case coordinating:
			addUnits(&row.Coordinating, cell)
		case deadline:
			twice = twice || ends != "" && ends != cell
			ends = cell
		case start:
			begins = cell
		case spare:
			join(&spares, cell)
		case product:
			row.Product = cell
		case note:
			join(&row.Note, cell)
		case other:
			if i > 0 || slices.Contains(t.kinds, number) {
				join(&row.Note, labelled(t.headings[i], cell))
			}
		}
	}
	if twice {
		return g.errorf(t.line, "task %s has two deadlines, in the columns %s; leave one", t.no, t.named(deadline))
	}
	row.Deadline = t.deadline(&row.Note, begins, ends, spares)
	switch {
	case row.Content == "":
		row.Content = details
	case details != "":
		row.Content += ": " + details
	}
	if len(t.more) > 0 {
		join(&row.Note, string(t.more[1:]))
	}
	if row.Content == "" {
		return g.errorf(t.line, "task %s has no content", t.no)
	}
	g.push(row)
	t.no, t.tails, t.more = "", nil, nil
	return nil
}

// deadline says the deadline out of the columns that tell of time. A day on
// which the work begins makes a period when the end is a day too; what is not
// used goes to the note.
func (t *pending) deadline(notes *string, begins, ends, spares string) string {
	if ends == "" {
		ends, spares = spares, ""
	}
	if spares != "" && spares != ends {
		join(notes, labelled(t.named(spare), spares))
	}
	if begins == "" {
		return ends
	}
	if period := "từ " + without(begins, "từ ") + " đến " + without(ends, "đến "); ends != "" && sameEnd(period, begins, ends) {
		return period
	}
	join(notes, labelled(t.named(start), begins))
	return ends
}

// sameEnd reports that a period ends when its end says, and that its two ends
// are one day each.
func sameEnd(period, begins, ends string) bool {
	p, b, e := tasks.ParseDeadline(period, 0), tasks.ParseDeadline(without(begins, "từ "), 0), tasks.ParseDeadline(ends, 0)
	return b.Kind == tasks.Dated && len(e.Due) == 1 && p.Kind == tasks.Dated && p.From != 0 && slices.Equal(p.Due, e.Due)
}

// without drops a word in front, however it is written.
func without(s, word string) string {
	if len(s) > len(word) && strings.EqualFold(s[:len(word)], word) {
		return s[len(word):]
	}
	return s
}

// named returns the headings of the columns of a kind.
func (t *pending) named(kind column) string {
	var names []string
	for i, k := range t.kinds {
		if k == kind && t.headings[i] != "" {
			names = append(names, t.headings[i])
		}
	}
	return strings.Join(names, ", ")
}

// push adds a row. Its lead unit is its own, or that of the task above it, or
// that of the section.
func (g *gatherer) push(row tasks.Row) {
	in := int32(len(g.sections) - 1)
	sub := g.top >= 0 && g.of[g.top] == in && isUnder(row.No, g.rows[g.top].No)
	if row.Lead == "" && sub {
		row.Lead = g.rows[g.top].Lead
	}
	if row.Lead == "" {
		row.Lead = g.sections[in].lead
	}
	if !sub {
		g.top = len(g.rows)
	}
	if g.ascending {
		n := 0
		if plain(string(row.No)) {
			for _, c := range []byte(row.No) {
				n = n*10 + int(c-'0')
			}
		}
		g.ascending = n > g.highest
		g.highest = n
	}
	g.rows = append(g.rows, row)
	g.of = append(g.of, in)
}

// nameLeads takes a heading such as "1. CÔNG AN THÀNH PHỐ" over 1.1 and 1.2 for
// the lead unit of these if no other is known. Other tasks that only head their
// sub-tasks stay tasks: whether they are is not for a reader to say.
func (g *gatherer) nameLeads() {
	var bare []string
	kept := 0
	for i := 0; i < len(g.rows); i++ {
		row := g.rows[i]
		heads := i+1 < len(g.rows) && g.of[i] == g.of[i+1] && isUnder(g.rows[i+1].No, row.No)
		only := row.Coordinating == "" && row.Deadline == "" && row.Product == "" && row.Note == "" && row.Lead == ""
		if heads && only && isUnitTitle(row.Content) {
			last := i + 1
			for ; last < len(g.rows) && g.of[last] == g.of[i] && isUnder(g.rows[last].No, row.No); last++ {
				if g.rows[last].Lead == "" {
					g.rows[last].Lead = row.Content
				}
			}
			g.notices = append(g.notices, fmt.Sprintf("%s: %q is read as the lead unit of the tasks %s to %s", g.place(row.Line), row.Content, g.rows[i+1].No, g.rows[last-1].No))
			continue
		}
		if heads && row.Deadline == "" {
			bare = append(bare, string(row.No))
		}
		g.rows[kept], g.of[kept] = row, g.of[i]
		kept++
	}
	g.rows, g.of = g.rows[:kept], g.of[:kept]
	if len(bare) > 0 {
		g.notices = append(g.notices, "no deadline of their own, but sub-tasks: "+few(bare))
	}
}

// few names the first of many.
func few(names []string) string {
	const most = 10
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// tellColumns says which columns are not read.
func (g *gatherer) tellColumns() {
	if t := (pending{columns: g.columns}); slices.Contains(g.kinds, ignored) {
		g.notices = append(g.notices, "not read, as nhacviec keeps it itself: "+t.named(ignored))
	}
	if len(g.doubtful) > 0 {
		g.notices = append(g.notices, "rows without a number are read as the rest of the task above, but bring a lead unit or a deadline of their own; number those that are tasks: "+few(g.doubtful))
	}
	if len(g.marked) > 0 {
		g.notices = append(g.notices, "sub-tasks without a number of their own are "+few(g.marked))
	}
}
