package planfile

import (
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"nhacviec/tasks"
)

// readDOCX reads a Word file. Its text is what Word shows once all tracked
// changes are accepted: numbers that Word counts are in it, hidden text is not.
// Lines count the rows of tables, and the paragraphs outside of them.
func (f file) readDOCX() (sheet, error) {
	parts, err := openWord(f)
	if err != nil {
		return sheet{}, err
	}
	styles := wordStyles{}
	if err := parts.read(parts.styles, styles.read); err != nil {
		return sheet{}, err
	}
	counts := newWordNumbers(styles)
	if err := parts.read(parts.numbering, counts.read); err != nil {
		return sheet{}, err
	}
	d := docx{sheet: sheet{name: f.name}, limits: f.limits, styles: styles, counts: counts}
	if err := parts.read(parts.document, d.read); err != nil {
		return sheet{}, err
	}
	d.where = d.spans.place
	d.tellLeftOut()
	return d.sheet, nil
}

// docx reads the document's own part.
type docx struct {
	sheet
	*xmlPart
	limits Limits
	styles wordStyles
	counts *wordNumbers

	line   int // of rows and paragraphs, the one being read
	rowsIn int // of them rows
	cells  int // in these
	spans  tableSpans
	number int  // the column in which the last header row has the numbers
	headed bool // there was a header row

	around   flow // paragraphs outside of tables
	inCell   bool
	room     int    // bytes that the cell or paragraph may still have
	asked    int    // controls around that show only what to fill in
	auto     bool   // a field that Word numbers is in the paragraph
	leftOut  int    // hidden texts
	firstOut string // the first of them
	boxTable int    // the line of a table in a text box, 0 if none
}

func (d *docx) read(x *xmlPart, root xml.StartElement) error {
	if tag(root) != "document" {
		return saidError{fmt.Errorf("%s: not a Word file, but <%.40s>; open the plan in Word and save it as .docx", d.name, root.Name.Local)}
	}
	d.xmlPart = x
	d.where = func(line int) string { return d.spans.place(line) } // they grow
	err := d.content(func(name string, _ xml.StartElement) error {
		if name == "body" {
			return d.body()
		}
		return d.skip()
	})
	switch {
	case errors.Is(err, errLong) && d.inCell:
		return saidError{d.cellTooLong(d.line, d.limits)}
	case errors.Is(err, errLong):
		return d.saidf("a paragraph of more than %d KB, the max_cell_kb of [import]", d.limits.Cell>>10)
	case err != nil && d.line > 0 && !errors.As(err, new(saidError)):
		return fmt.Errorf("%s: %w", d.spans.place(d.line), err)
	}
	return err
}

// saidf returns an error about the line being read.
func (d *docx) saidf(format string, args ...any) error {
	return saidError{d.errorf(d.line, format, args...)}
}

// tableSpans are the first lines of tables and their numbers of rows.
type tableSpans []struct{ first, rows int }

// place returns what people call a line.
func (s tableSpans) place(line int) string {
	n := sort.Search(len(s), func(i int) bool { return s[i].first > line })
	rows := 0
	for i, t := range s[:n] {
		if line < t.first+t.rows {
			return fmt.Sprintf("table %d, row %d", i+1, line-t.first+1)
		}
		rows += t.rows
	}
	return fmt.Sprintf("paragraph %d", line-rows)
}

// content calls each for the elements in the one just opened, as if those that
// only wrap others were not there. What a tracked change deleted is not there.
func (d *docx) content(each func(name string, e xml.StartElement) error) error {
	return d.children(func(e xml.StartElement) error {
		switch name := tag(e); name {
		case "ins", "moveTo", "smartTag", "customXml", "hyperlink", "dir", "bdo", "sdtContent":
			return d.content(each)
		case "fldSimple":
			d.auto = d.auto || numbersItself(attr(e, "instr"))
			return d.content(each)
		case "sdt":
			return d.control(each)
		case "mc:AlternateContent":
			return d.alternative(each)
		case "del", "moveFrom":
			return d.skip()
		case "altChunk", "subDoc":
			d.line++
			return d.saidf("another file stands here, which Word fetches when it opens the plan; open it in Word and save it anew")
		default:
			return each(name, e)
		}
	})
}

// control reads a content control. Until somebody fills it in it shows only what
// to fill in, which is nobody's words.
func (d *docx) control(each func(string, xml.StartElement) error) error {
	asks := 0
	return d.children(func(e xml.StartElement) error {
		switch tag(e) {
		case "sdtPr":
			return d.children(func(e xml.StartElement) error {
				if tag(e) == "showingPlcHdr" && on(e) {
					asks = 1
				}
				return d.skip()
			})
		case "sdtContent":
			d.asked += asks
			err := d.content(each)
			d.asked -= asks
			return err
		}
		return d.skip()
	})
}

// alternative reads the first of several ways to say the same.
func (d *docx) alternative(each func(string, xml.StartElement) error) error {
	done := false
	return d.children(func(e xml.StartElement) error {
		if name := tag(e); done || name != "mc:Choice" && name != "mc:Fallback" {
			return d.skip()
		}
		done = true
		return d.content(each)
	})
}

func (d *docx) body() error {
	err := d.content(func(name string, _ xml.StartElement) error {
		switch name {
		case "p":
			return d.paragraphAround()
		case "tbl":
			d.addProse(d.line, d.around.end())
			return d.table()
		}
		return d.skip()
	})
	d.addProse(d.line, d.around.end())
	return err
}

func (d *docx) paragraphAround() error {
	d.line++
	d.nextPiece()
	if d.line-d.rowsIn > d.limits.Rows {
		return d.saidf("more than %d paragraphs, the max_rows of [import]; a plan has fewer", d.limits.Rows)
	}
	d.room = d.limits.Cell
	if err := d.paragraph(&d.around); err != nil {
		return err
	}
	d.addProse(d.line, d.around.take())
	return nil
}

func (d *docx) addProse(at int, text string) {
	for s := range strings.SplitSeq(text, "\n") {
		if s = tasks.Clean(s); s != "" {
			d.prose = append(d.prose, line{at, s})
		}
	}
}

func (d *docx) table() error {
	d.spans = append(d.spans, struct{ first, rows int }{first: d.line + 1})
	span := &d.spans[len(d.spans)-1]
	var rows []wordRow
	err := d.content(func(name string, _ xml.StartElement) error {
		if name != "tr" {
			return d.skip()
		}
		d.line++
		d.nextPiece()
		span.rows++
		if d.rowsIn++; d.rowsIn > d.limits.Rows {
			return saidError{d.tooManyRows(d.line, d.limits)}
		}
		cells, deleted, err := d.row()
		if err == nil && !deleted {
			rows = append(rows, wordRow{d.line, cells})
		}
		return err
	})
	if err != nil || len(rows) == 0 {
		return err
	}
	t := d.records(rows)
	if len(t[0].cells) == 0 {
		return nil
	}
	d.tables = append(d.tables, t)
	if !d.headed { // a letterhead has the date of issue
		for _, r := range rows {
			for _, c := range r.cells {
				d.addProse(r.line, c.text)
			}
		}
	}
	return nil
}

// numberColumn returns the column that has the numbers.
func (d *docx) numberColumn(t table) int {
	for i, r := range t {
		if d.headed && d.number < len(r.cells) && plain(r.cells[d.number]) {
			continue // a task
		}
		if c, n := headerAt(t, i); n > 0 {
			d.headed = true
			d.number = max(0, slices.Index(c.kinds, number))
			break
		}
	}
	return d.number
}

func (d *docx) row() (cells []wordCell, deleted bool, err error) {
	at := 0
	err = d.content(func(name string, _ xml.StartElement) error {
		switch {
		case name == "trPr":
			return d.children(func(e xml.StartElement) error {
				switch tag(e) {
				case "gridBefore":
					at = min(max(0, number32(attr(e, "val"))), gridColumns)
				case "del":
					deleted = true
				}
				return d.skip()
			})
		case name != "tc" || deleted:
			return d.skip()
		}
		if d.cells++; d.cells > perRow*d.limits.Rows {
			return d.saidf("more than %d cells, empty ones too; delete the empty columns and rows of the tables, or raise the max_rows of [import]", perRow*d.limits.Rows)
		}
		c, span, err := d.cell()
		c.start, c.end = at, at+span
		if at = c.end; at > gridColumns {
			return d.saidf("a row of more than %d cells, and Word has at most 63; save the plan anew in Word", gridColumns)
		}
		if span > 0 {
			cells = append(cells, c)
		}
		return err
	})
	return cells, deleted, err
}

// cell reads a cell and the number of columns it is over, 0 if it is deleted.
func (d *docx) cell() (c wordCell, span int, err error) {
	d.inCell, d.room = true, d.limits.Cell
	span = 1
	var in flow
	err = d.content(func(name string, _ xml.StartElement) error {
		switch name {
		case "tcPr":
			return d.children(func(e xml.StartElement) error {
				switch tag(e) {
				case "gridSpan":
					span = min(max(1, number32(attr(e, "val"))), gridColumns+1)
				case "cellDel":
					span = 0
				case "vMerge":
					c.merge = below
					if attr(e, "val") == "restart" {
						c.merge = top
					}
					in.uncounted = c.merge == below
				}
				return d.skip()
			})
		case "p":
			return d.paragraph(&in)
		case "tbl":
			return d.tableInCell(&in)
		}
		return d.skip()
	})
	if err == nil {
		d.inCell = false
	}
	c.text = in.end()
	return c, span, err
}

// tableInCell reads a table in a cell as the words of that cell.
func (d *docx) tableInCell(into *flow) error {
	deleted := false
	return d.content(func(name string, _ xml.StartElement) error {
		switch {
		case name == "tr":
			deleted = false
			return d.tableInCell(into)
		case name == "trPr":
			return d.children(func(e xml.StartElement) error {
				deleted = deleted || tag(e) == "del"
				return d.skip()
			})
		case deleted:
			return d.skip()
		case name == "tc", name == "tbl":
			return d.tableInCell(into)
		case name == "p":
			return d.paragraph(into)
		}
		return d.skip()
	})
}
