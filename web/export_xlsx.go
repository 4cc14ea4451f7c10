package web

import (
	"fmt"
	"io"
	"slices"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

const (
	exportSheet = "Phụ lục"
	headRow     = 3 // below title and issue line

	excelCell = 32767 // UTF-16 units; what is longer Excel calls damaged
	paperA4   = 9
)

// WriteXLSX writes the export as a workbook that prints on A4, the header row
// on each page. All text is typed as text: nothing in it is ever calculated.
func (e Export) WriteXLSX(w io.Writer) (err error) {
	if err := e.fitsExcel(); err != nil {
		return err
	}
	book := excelize.NewFile()
	defer book.Close()
	if err := e.layOut(book); err != nil {
		return fmt.Errorf("lay out the workbook: %w", err)
	}
	if err := e.fill(book); err != nil {
		return fmt.Errorf("fill the workbook: %w", err)
	}
	return book.Write(w)
}

func (e Export) fitsExcel() error {
	for _, t := range e.Tasks {
		for i, cell := range t.cells(e.Day) {
			if len(cell) > excelCell && len(utf16.Encode([]rune(cell))) > excelCell {
				return Failure(fmt.Sprintf("task %s: %s has more than %d characters, the most that a cell of Excel holds", t.Key, exportColumns[i].heading, excelCell),
					"export it as .csv")
			}
		}
	}
	return nil
}

// layOut says how the sheet is seen and printed.
func (e Export) layOut(book *excelize.File) error {
	if err := book.SetSheetName("Sheet1", exportSheet); err != nil {
		return err
	}
	yes, no := true, false
	landscape, paper, one, any := "landscape", paperA4, 1, 0
	if err := book.SetSheetProps(exportSheet, &excelize.SheetPropsOptions{FitToPage: &yes}); err != nil {
		return err
	}
	if err := book.SetPageLayout(exportSheet, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &paper, FitToWidth: &one, FitToHeight: &any}); err != nil {
		return err
	}
	left, other, foot := 1.18, 0.79, 0.39 // inches: 30, 20 and 10 mm
	if err := book.SetPageMargins(exportSheet, &excelize.PageLayoutMarginsOptions{Left: &left, Right: &other, Top: &other, Bottom: &other, Header: &foot, Footer: &foot, Horizontally: &yes, Vertically: &no}); err != nil {
		return err
	}
	if err := book.SetHeaderFooter(exportSheet, &excelize.HeaderFooterOptions{OddFooter: "&C&P/&N"}); err != nil {
		return err
	}
	return book.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", Scope: exportSheet,
		RefersTo: fmt.Sprintf("'%s'!$%d:$%d", exportSheet, headRow, headRow)})
}

func (e Export) fill(book *excelize.File) error {
	look, err := newLook(book)
	if err != nil {
		return err
	}
	out, err := book.NewStreamWriter(exportSheet)
	if err != nil {
		return err
	}
	for i, c := range slices.Backward(exportColumns) { // the library puts each before the last; Excel wants them to rise
		if err := out.SetColWidth(i+1, i+1, c.width); err != nil {
			return err
		}
	}
	corner := fmt.Sprintf("A%d", headRow+1)
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: headRow, TopLeftCell: corner, ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	for i, line := range e.heading() {
		row := i + 1
		if err := out.SetRow(fmt.Sprintf("A%d", row), []any{excelize.Cell{StyleID: look.title, Value: line}}); err != nil {
			return err
		}
		if err := out.MergeCell(fmt.Sprintf("A%d", row), fmt.Sprintf("I%d", row)); err != nil {
			return err
		}
	}
	var head []any
	for _, c := range exportColumns {
		head = append(head, excelize.Cell{StyleID: look.head, Value: c.heading})
	}
	if err := out.SetRow(fmt.Sprintf("A%d", headRow), head); err != nil {
		return err
	}
	for i, t := range e.Tasks {
		var cells []any
		for _, text := range t.cells(e.Day) {
			cells = append(cells, excelize.Cell{StyleID: look.text, Value: text})
		}
		if n, ok := plainNumber(t.No); ok {
			cells[0] = excelize.Cell{StyleID: look.number, Value: n}
		}
		if err := out.SetRow(fmt.Sprintf("A%d", headRow+1+i), cells); err != nil {
			return err
		}
	}
	return out.Flush()
}

// look is the styles of a workbook.
type look struct{ title, head, text, number int }

func newLook(book *excelize.File) (l look, err error) {
	font := func(bold bool) *excelize.Font {
		return &excelize.Font{Family: "Times New Roman", Size: 12, Bold: bold}
	}
	align := func(horizontal, vertical string) *excelize.Alignment {
		return &excelize.Alignment{Horizontal: horizontal, Vertical: vertical, WrapText: true}
	}
	var border []excelize.Border
	for _, side := range []string{"left", "right", "top", "bottom"} {
		border = append(border, excelize.Border{Type: side, Color: "808080", Style: 1})
	}
	fill := excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDE6F0"}}
	for _, s := range []struct {
		id    *int
		style excelize.Style
	}{
		{&l.title, excelize.Style{Font: font(true), Alignment: align("center", "center")}},
		{&l.head, excelize.Style{Font: font(true), Alignment: align("center", "center"), Border: border, Fill: fill}},
		{&l.text, excelize.Style{Font: font(false), Alignment: align("left", "top"), Border: border}},
		{&l.number, excelize.Style{Font: font(false), Alignment: align("center", "top"), Border: border}},
	} {
		if *s.id, err = book.NewStyle(&s.style); err != nil {
			return l, err
		}
	}
	return l, nil
}
