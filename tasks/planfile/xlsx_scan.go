package planfile

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	maxColumns = 256 // of a table; some have one for each week
	maxDepth   = 100 // of elements in elements
	perRow     = 20  // cells, empty ones too, that there may be for each row allowed
)

// partLimits bound what a part may cost: its bytes, and its elements.
type partLimits struct {
	size           int64
	elements       int
	bytes, ofThese string // what the errors say of them
}

// attachedLimits are for parts that no cell is in. Excel has at most 65490
// formats, of three elements or so.
var attachedLimits = partLimits{16 << 20, 250_000, "Excel itself writes less", "Excel itself writes fewer"}

// filledLimits are for a worksheet, and for the texts of all.
func (w *workbook) filledLimits() partLimits {
	return partLimits{w.limits.part(), perRow * w.limits.Rows, "it may be a quarter of the max_unpacked_mb of [import]", "there may be 20 for each of the max_rows of [import]"}
}

// scan is what a worksheet says beside the values of its cells. The library's
// rows come without types and formats, and without a word where the XML
// breaks off, a text is missing or cells stand out of order.
type scan struct {
	rows       []scanRow // those with a value, from the top
	merged     []area
	hiddenCols []area // their rows mean nothing
	err        error  // of a formula; it counts if the sheet is the plan's
}

type scanRow struct {
	n      int
	hidden bool
	cells  []scanCell
}

// scanCell is a cell with a value.
type scanCell struct {
	col, style int
	kind       string // "s" a shared text, "inlineStr", "str" a formula's text, "b", "d", "e"; "" and "n" a number
}

// area is a rectangle of cells, its ends included.
type area struct{ top, left, bottom, right int }

// scanner reads a worksheet's elements one after the other.
type scanner struct {
	w     *workbook
	sheet sheet // for errors
	scan
	path  []string // of elements, from the root
	row   scanRow
	cell  scanCell
	value strings.Builder
	has   struct{ value, formula bool }
	total int // cells, empty ones too
	rowsN int // rows, empty ones too
	done  bool
}

// scan reads what a worksheet says of its cells.
func (w *workbook) scan(ws worksheet) (scan, error) {
	s := scanner{w: w, sheet: w.sheet(ws)}
	err := w.walk(ws.part, w.filledLimits(), s.element, s.text)
	return s.scan, err
}

func (s *scanner) fail(format string, args ...any) error {
	return s.sheet.errorf(max(s.row.n, 1), format, args...)
}

func (s *scanner) element(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		s.path = append(s.path, t.Name.Local)
		return s.start(t)
	case xml.EndElement:
		defer func() { s.path = s.path[:len(s.path)-1] }()
		return s.end(t.Name.Local)
	}
	return nil
}

// at reports the path of the element at hand, without the root.
func (s *scanner) at(path ...string) bool { return slices.Equal(s.path[1:], path) }

func (s *scanner) start(t xml.StartElement) error {
	switch t.Name.Local {
	case "row":
		return s.startRow(t)
	case "c":
		return s.startCell(t)
	case "v", "is":
		if s.at("sheetData", "row", "c", t.Name.Local) {
			if s.has.value {
				return s.fail("cell %s has two values; save the file anew in Excel", s.cellName())
			}
			s.has.value = true
		}
	case "f":
		s.has.formula = true
	case "sheetData":
		if s.done || !s.at("sheetData") {
			return s.fail("not a worksheet that Excel writes; save the file anew in Excel")
		}
	case "mergeCell":
		return s.merge(attribute(t, "ref"))
	case "col":
		if hidden, _ := strconv.ParseBool(attribute(t, "hidden")); hidden && len(s.hiddenCols) < maxColumns {
			left, _ := strconv.Atoi(attribute(t, "min"))
			right, _ := strconv.Atoi(attribute(t, "max"))
			s.hiddenCols = append(s.hiddenCols, area{left: left, right: right})
		}
	}
	return nil
}

func (s *scanner) startRow(t xml.StartElement) error {
	if s.done || !s.at("sheetData", "row") {
		return s.fail("not a worksheet that Excel writes; save the file anew in Excel")
	}
	n := s.row.n + 1
	if r := attribute(t, "r"); r != "" {
		given, err := strconv.Atoi(r)
		if err != nil || given < n {
			return s.fail("row %q stands below row %d; save the file anew in Excel", r, s.row.n)
		}
		n = given
	}
	if n > excelize.TotalRows {
		return s.fail("row %q stands below the last row of Excel; save the file anew in Excel", attribute(t, "r"))
	}
	if s.rowsN++; s.rowsN > s.w.limits.Rows {
		return s.sheet.tooManyRows(n, s.w.limits)
	}
	s.row = scanRow{n: n}
	s.row.hidden, _ = strconv.ParseBool(attribute(t, "hidden"))
	s.cell = scanCell{}
	return nil
}

func (s *scanner) startCell(t xml.StartElement) error {
	if s.done || !s.at("sheetData", "row", "c") {
		return s.fail("not a worksheet that Excel writes; save the file anew in Excel")
	}
	if s.total++; s.total > perRow*s.w.limits.Rows/2 { // the values of cells are elements too
		return s.fail("more than %d cells, empty ones too; delete the empty columns and rows around the table, or raise the max_rows of [import]", perRow*s.w.limits.Rows/2)
	}
	col := s.cell.col + 1
	if r := attribute(t, "r"); r != "" {
		given, row, err := excelize.CellNameToCoordinates(r)
		if err != nil || row != s.row.n || given < col {
			return s.fail("cell %q is out of order; save the file anew in Excel", r)
		}
		col = given
	}
	s.cell = scanCell{col: col, kind: attribute(t, "t")}
	s.cell.style, _ = strconv.Atoi(attribute(t, "s"))
	s.value.Reset()
	s.has.value, s.has.formula = false, false
	return nil
}

// text takes the text of a cell's value or, for its length, of its rich text.
func (s *scanner) text(t []byte) error {
	if len(s.path) < 5 || s.path[3] != "c" || s.path[4] == "f" {
		return nil
	}
	if s.value.Len()+len(t) > s.w.limits.Cell {
		return s.sheet.cellTooLong(s.row.n, s.w.limits)
	}
	s.value.Write(t)
	return nil
}

func (s *scanner) end(name string) error {
	switch name {
	case "c":
		return s.endCell()
	case "row":
		if len(s.row.cells) > 0 {
			s.rows = append(s.rows, s.row)
		}
	case "sheetData":
		s.done = true
	}
	return nil
}

func (s *scanner) endCell() error {
	value := strings.TrimSpace(s.value.String())
	switch {
	case value == "" && s.has.formula && s.cell.kind != "str":
		return s.fail("cell %s has a formula without its value; open the file in Excel and save it", s.cellName())
	case value == "":
		return nil
	case s.row.n > s.w.limits.Rows:
		return s.sheet.tooManyRows(s.row.n, s.w.limits)
	case s.cell.col > maxColumns:
		return s.fail("cell %s is filled, but a task table has at most %d columns; delete what stands so far from it", s.cellName(), maxColumns)
	}
	switch s.cell.kind {
	case "e":
		if s.err == nil {
			s.err = s.sheet.errorf(s.row.n, "cell %s shows %s; correct its formula, or type the words in its place", s.cellName(), value)
		}
	case "s":
		if i, err := strconv.Atoi(value); err != nil || i < 0 || i >= s.w.texts {
			return s.fail("the text of cell %s is missing; the file is damaged: copy it anew from where it came from", s.cellName())
		}
	case "", "n", "b", "d", "str", "inlineStr":
	default:
		return s.fail("cell %s is of the unknown type %q; save the file anew in Excel", s.cellName(), s.cell.kind)
	}
	s.row.cells = append(s.row.cells, s.cell)
	return nil
}

func (s *scanner) merge(ref string) error {
	if len(s.merged) >= s.w.limits.Rows {
		return s.fail("more than %d merged cells", s.w.limits.Rows)
	}
	from, to, _ := strings.Cut(ref, ":")
	if to == "" {
		return nil // one cell
	}
	left, top, err1 := excelize.CellNameToCoordinates(from)
	right, bottom, err2 := excelize.CellNameToCoordinates(to)
	if err1 != nil || err2 != nil || right < left || bottom < top {
		return s.fail("merged cells %q; save the file anew in Excel", ref)
	}
	s.merged = append(s.merged, area{top, left, bottom, right})
	return nil
}

func (s *scanner) cellName() string { return cellName(s.cell.col, s.row.n) }

func cellName(col, row int) string {
	name, _ := excelize.CoordinatesToCellName(col, row)
	return name
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// countTexts counts the shared texts of a workbook.
func (w *workbook) countTexts(part *zip.File) error {
	length := 0
	return w.walk(part, w.filledLimits(), func(t xml.Token) error {
		if start, ok := t.(xml.StartElement); ok && start.Name.Local == "si" {
			w.texts++
			length = 0
		}
		return nil
	}, func(t []byte) error {
		if length += len(t); length > w.limits.Cell {
			return fmt.Errorf("%s: a cell of more than %d KB, the max_cell_kb of [import]: %q …", w.name, w.limits.Cell>>10, beginning(string(t)))
		}
		return nil
	})
}

// beginning returns the first words of a long text.
func beginning(s string) string {
	const most = 60
	runes := []rune(s[:min(len(s), 4*most)])
	return string(runes[:min(len(runes), most)])
}

// walk reads a part of the workbook from its begin to its end. It hands on its
// elements, and texts in pieces; it refuses what no office program writes and
// what would cost too much.
func (w *workbook) walk(part *zip.File, limits partLimits, element func(xml.Token) error, text func([]byte) error) error {
	if part.UncompressedSize64 > uint64(limits.size) {
		return fmt.Errorf("%s: its part %s unpacks to more than %d MB; %s", w.name, part.Name, limits.size>>20, limits.bytes)
	}
	in, err := w.zip.open(part)
	if err != nil {
		return w.damaged(part, err)
	}
	defer in.Close()
	most := 8*w.limits.Cell + 64<<10 // each character may be an entity
	piece := &pieces{Reader: in, left: most}
	d := xml.NewDecoder(piece)
	elements := 0
	for depth := 0; ; {
		t, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if errors.Is(err, errPiece) {
			return fmt.Errorf("%s: its part %s has a text of more than %d KB; the max_cell_kb of [import] is %d", w.name, part.Name, most>>10, w.limits.Cell>>10)
		}
		if err != nil {
			return w.damaged(part, err)
		}
		piece.left = most
		switch t := t.(type) {
		case xml.Directive:
			return fmt.Errorf("%s: its part %s has a document type, which no office program writes; save the plan anew in Excel", w.name, part.Name)
		case xml.StartElement:
			if elements++; elements > limits.elements {
				return fmt.Errorf("%s: its part %s has more than %d elements; %s", w.name, part.Name, limits.elements, limits.ofThese)
			}
			if depth++; depth > maxDepth {
				return fmt.Errorf("%s: its part %s has more than %d elements in each other, and no Excel file looks so; save the plan anew in Excel", w.name, part.Name, maxDepth)
			}
			err = element(t)
		case xml.EndElement:
			depth--
			err = element(t)
		case xml.CharData:
			err = text(t)
		}
		if err != nil {
			return err
		}
	}
}

func (w *workbook) damaged(part *zip.File, err error) error {
	return fmt.Errorf("%s: its part %s is damaged (%w); copy the file anew from where it came from, or save it anew in Excel", w.name, part.Name, err)
}

// pieces bounds what is read for one token, which is kept whole in memory.
type pieces struct {
	io.Reader
	left int
}

var errPiece = errors.New("a token too long")

func (p *pieces) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, errPiece
	}
	n, err := p.Reader.Read(b)
	p.left -= n
	return n, err
}
