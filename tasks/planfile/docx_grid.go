package planfile

import (
	"math/bits"
	"sort"

	"nhacviec/tasks"
)

// gridColumns is how many columns a table may have: a bit each. Word has 63.
const gridColumns = 64

// wordRow is a row of a table as the file has it.
type wordRow struct {
	line  int
	cells []wordCell
}

type wordCell struct {
	text   string
	start  int // column of the table's grid, from 0
	end    int // the one behind it
	column int // of the table as people see it
	merge  merge
}

// merge is a cell's part in a cell over several rows.
type merge int

const (
	alone merge = iota
	top
	below // what it says is said by the top
)

// setColumns tells each cell its column as people see it, and returns how many
// these are. Where someone moved a border in some rows only, the grid has a
// column for either place of it; but no row uses both. Two columns of the grid
// that no row tells apart are one.
func setColumns(rows []wordRow) (n int) {
	var used uint64
	var beside [gridColumns]uint64 // columns used in a row with this one
	for _, r := range rows {
		var starts uint64
		for _, c := range r.cells {
			starts |= 1 << c.start
		}
		used |= starts
		for s := starts; s != 0; s &= s - 1 {
			beside[bits.TrailingZeros64(s)] |= starts
		}
	}
	var of [gridColumns]int
	var together uint64 // the columns of the grid that are the last one seen
	for i := range gridColumns {
		if used&(1<<i) == 0 {
			continue
		}
		if together == 0 || beside[i]&together != 0 {
			n++
			together = 0
		}
		together |= 1 << i
		of[i] = n - 1
	}
	if fullest, ok := sameColumns(rows, n); ok {
		return setByFullest(rows, fullest)
	}
	for _, r := range rows {
		for i := range r.cells {
			r.cells[i].column = of[r.cells[i].start]
		}
	}
	return n
}

// sameColumns reports a table of which the fullest rows have fewer cells than
// the n columns that the grid tells apart, but all the same ones: a border moved
// past the place that another one has in another row. It returns the first.
func sameColumns(rows []wordRow, n int) (fullest []wordCell, ok bool) {
	for _, r := range rows {
		if len(r.cells) > len(fullest) {
			fullest = r.cells
		}
	}
	if len(fullest) == n {
		return nil, false
	}
	for _, r := range rows {
		if len(r.cells) != len(fullest) {
			continue
		}
		for i, c := range r.cells {
			if c.end <= fullest[i].start || c.start >= fullest[i].end {
				return nil, false
			}
		}
	}
	return fullest, true
}

func setByFullest(rows []wordRow, fullest []wordCell) (n int) {
	for _, r := range rows {
		for i := range r.cells {
			c := &r.cells[i]
			c.column = i
			if len(r.cells) != len(fullest) {
				c.column = sort.Search(len(fullest), func(i int) bool { return fullest[i].start > c.start }) - 1
			}
			c.column = max(0, c.column)
		}
	}
	return len(fullest)
}

// records lines up the rows of a table. A cell over several columns fills the
// first. A cell over several rows fills each that has a number of its own, for
// it speaks of each of these tasks; in the others it says nothing again.
func (d *docx) records(rows []wordRow) table {
	n := setColumns(rows)
	t := make(table, len(rows))
	var open [gridColumns]bool
	for i, r := range rows {
		cells := make([]string, n)
		t[i] = record{line: r.line, cells: cells}
		for j, c := range r.cells {
			text := tasks.Clean(c.text)
			at := c.column
			if c.merge == below {
				if open[at] {
					d.hide(text) // as Word does
					continue
				}
				rows[i].cells[j].merge = alone
			}
			open[at] = c.merge == top
			if text != "" {
				join(&cells[at], text)
			}
		}
	}
	no := d.numberColumn(t)
	var said [gridColumns]string
	for i, r := range rows {
		cells := t[i].cells
		task := no < n && cells[no] != ""
		for _, c := range r.cells {
			switch at := c.column; {
			case c.merge != below:
				said[at] = cells[at]
			case task:
				cells[at] = said[at]
			}
		}
	}
	return t
}
