package planfile

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestReadXLSXErrors(t *testing.T) {
	t.Parallel()
	good := bookParts{sheets: []string{headCells(1) + cells(2, "1", "a")}}
	with := func(part, text string) bookParts {
		b := good
		b.extra = map[string]string{part: text}
		return b
	}
	sheetOf := func(rows string) bookParts { return bookParts{sheets: []string{rows}} }
	for name, c := range map[string]struct {
		book  bookParts
		sheet string
		want  string
	}{
		"two sheets with a table":        {bookParts{sheets: []string{headCells(1), headCells(2), headCells(1)}, state: map[int]string{1: "hidden"}}, "", `3 sheets with a task table; name the one to read with --sheet: "S1", "S2" (hidden), "S3"`},
		"two hidden sheets with a table": {bookParts{sheets: []string{headCells(1), headCells(2), ""}, state: map[int]string{0: "hidden", 1: "veryHidden"}}, "", `2 sheets with a task table; name the one to read with --sheet: "S1" (hidden), "S2" (hidden)`},
		"no sheet with a table":          {bookParts{sheets: []string{cells(1, "a"), ""}}, "", `no sheet with a task table, which wants a header row such as: STT, Nội dung, Đơn vị phối hợp, Thời gian, Sản phẩm, Ghi chú; its sheets are "S1", "S2"`},
		"no such sheet":                  {good, "S7", `no sheet "S7"; its sheets are "S1"`},
		"no table in the only sheet":     {sheetOf(cells(3, "a", "b", "c")), "", "sheet S1, row 3: no header row;"},
		"nothing in the only sheet":      {sheetOf(""), "", "sheet S1, row 1: no table;"},
		"a formula's error":              {sheetOf(headCells(1) + cells(2, "1", "a", "", `<c t="e"><f>B9</f><v>#REF!</v></c>`)), "", "sheet S1, row 2: cell D2 shows #REF!; correct its formula"},
		"a formula without a value":      {sheetOf(headCells(1) + cells(2, "1", "a", "", "<c><f>TODAY()</f></c>")), "", "sheet S1, row 2: cell D2 has a formula without its value;"},
		"a missing text":                 {sheetOf(headCells(1) + cells(2, "1", `<c t="s"><v>7</v></c>`)), "", "sheet S1, row 2: the text of cell B2 is missing;"},
		"an unknown type":                {sheetOf(headCells(1) + cells(2, "1", `<c t="x"><v>7</v></c>`)), "", `sheet S1, row 2: cell B2 is of the unknown type "x";`},
		"a NUL":                          {sheetOf(headCells(1) + cells(2, "1", "a_x0000_b")), "", "sheet S1, row 2: cell B2 has a NUL character;"},
		"cells out of order":             {sheetOf(headCells(1) + `<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>`), "", `sheet S1, row 2: cell "A2" is out of order;`},
		"a cell of another row":          {sheetOf(headCells(1) + `<row r="2"><c r="A3"><v>1</v></c></row>`), "", `sheet S1, row 2: cell "A3" is out of order;`},
		"rows out of order":              {sheetOf(headCells(2) + cells(1, "1", "a")), "", `sheet S1, row 2: row "1" stands below row 2;`},
		"merged cells in each other":     {sheetOf(`<sheetData>` + headCells(1) + cells(2, "1", "a") + `</sheetData><mergeCells><mergeCell ref="A2:B3"/><mergeCell ref="B2:C2"/></mergeCells>`), "", "sheet S1, row 2: cell B2 is in two merged cells;"},
		"a merged cell of no range":      {sheetOf(`<sheetData>` + headCells(1) + `</sheetData><mergeCells><mergeCell ref="B2:A1"/></mergeCells>`), "", `sheet S1, row 1: merged cells "B2:A1";`},
		"two lists of rows":              {sheetOf(`<sheetData>` + headCells(1) + `</sheetData><sheetData>` + cells(2, "1", "a") + `</sheetData>`), "", "sheet S1, row 1: not a worksheet that Excel writes;"},
		"a row within a row":             {sheetOf(headCells(1) + `<row r="2">` + cells(3, "1", "a") + `</row>`), "", "sheet S1, row 2: not a worksheet that Excel writes;"},
		"XML that breaks off":            {with("xl/worksheets/sheet1.xml", `<worksheet `+xlsxNS+`><sheetData>`+headCells(1)+cells(2, "1", "a")+`</sheetData>`), "", "its part xl/worksheets/sheet1.xml is damaged"},
		"XML that is none":               {with("xl/worksheets/sheet1.xml", "\x01\x02"), "", "its part xl/worksheets/sheet1.xml is damaged"},
		"a document type":                {with("xl/sharedStrings.xml", `<!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><sst `+xlsxNS+`><si><t>&b;</t></si></sst>`), "", "its part xl/sharedStrings.xml has a document type,"},
		"an entity":                      {with("xl/sharedStrings.xml", `<sst `+xlsxNS+`><si><t>&b;</t></si></sst>`), "", "its part xl/sharedStrings.xml is damaged"},
		"elements in each other":         {with("xl/sharedStrings.xml", strings.Repeat("<a>", 100_000)), "", "its part xl/sharedStrings.xml has more than 100 elements in each other, and no Excel file looks so;"},
		"elements in each other, sheet":  {with("xl/worksheets/sheet1.xml", strings.Repeat("<a>", 100_000)), "", "its part xl/worksheets/sheet1.xml has more than 100 elements in each other, and no Excel file looks so;"},
		"no sheet":                       {with("xl/workbook.xml", `<workbook `+xlsxNS+`><sheets></sheets></workbook>`), "", "no sheet in it;"},
		"no list of sheets":              {with("xl/workbook.xml", `<workbook `+xlsxNS+`/>`), "", "no sheet in it;"},
		"two sheets of a name":           {with("xl/workbook.xml", `<workbook `+xlsxNS+`><sheets><sheet name="a" r:id="rId1"/><sheet name="A" r:id="rId1"/></sheets></workbook>`), "", `has two sheets "A";`},
		"no workbook":                    {with("_rels/.rels", `<Relationships/>`), "", "no workbook in it;"},
		"a part that is missing":         {with("xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet9.xml"/></Relationships>`), "", "no xl/worksheets/sheet9.xml in it,"},
		"a cell of a megabyte":           {sheetOf(headCells(1) + cells(2, "1", strings.Repeat("a", 1<<20))), "", "sheet S1, row 2: a cell of more than 64 KB,"},
		"a cell too long":                {sheetOf(headCells(1) + cells(2, "1", strings.Repeat("a", 100<<10))), "", "sheet S1, row 2: a cell of more than 64 KB, the max_cell_kb of [import]"},
		"a shared text too long":         {bookParts{texts: "<si><t>" + strings.Repeat("a", 100<<10) + "</t></si>", sheets: good.sheets}, "", "a cell of more than 64 KB, the max_cell_kb of [import]: \"aaaa"},
		"escapes without end":            {bookParts{texts: "<si><t>" + strings.Repeat("_x0041_", 50_000) + "</t></si>", sheets: good.sheets}, "", "a cell of more than 64 KB,"},
		"the last cell of all":           {sheetOf(headCells(1) + `<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>`), "", "sheet S1, row 1048576: more than 50000 rows, the max_rows of [import];"},
		"a cell at XFD":                  {sheetOf(headCells(1) + `<row r="2"><c r="XFD2"><v>1</v></c></row>`), "", "sheet S1, row 2: cell XFD2 is filled, but a task table has at most 256 columns;"},
		"a cell beyond the last":         {sheetOf(headCells(1) + `<row r="2"><c r="XFE2"><v>1</v></c></row>`), "", `sheet S1, row 2: cell "XFE2" is out of order;`},
		"a row beyond the last":          {sheetOf(headCells(1) + `<row r="1048577"><c r="A1048577"><v>1</v></c></row>`), "", `sheet S1, row 1: row "1048577" stands below the last row of Excel;`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := readBook(c.book.bytes(t), c.sheet)
			if err == nil || !strings.HasPrefix(err.Error(), "plan.xlsx: "+c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %.300v, want %s …", err, c.want)
			}
			if len(doc.Rows) > 0 {
				t.Error("a part of a refused file is returned")
			}
		})
	}
}

// TestReadXLSXHuge holds each file that costs too much to little memory. It does
// not run beside others, for it counts what the process allocates. Rows are
// few, for the limits on cells and elements go with them.
func TestReadXLSXHuge(t *testing.T) {
	if underRace {
		t.Skip("the race detector takes memory of its own, and nothing runs beside the reader")
	}
	const wide = 16384
	limits := DefaultLimits()
	limits.Rows = 2_000
	for name, c := range map[string]struct {
		part  string
		begin string
		more  string
		times int
		want  string
	}{
		"rows of all columns":           {"sheet", "", "<row>" + strings.Repeat(`<c><v>1</v></c>`, wide) + "</row>", 20, "cell IW2 is filled,"},
		"formatted rows of all columns": {"sheet", "", "<row>" + strings.Repeat(`<c s="1"/>`, wide) + "</row>", 3, "cells, empty ones too;"},
		"more than a part's size":       {"sheet", "", " ", 64 << 20, "unpacks to more than 64 MB;"},
		"many rows":                     {"sheet", "", "<row><c><v>1</v></c></row>", 3_000, "more than 2000 rows,"},
		"many empty rows":               {"sheet", "", "<row/>", 3_000, "more than 2000 rows,"},
		"a comment":                     {"sheet", "<!--", "a", 8 << 20, "has a text of more than"},
		"spaces":                        {"sheet", "", " ", 8 << 20, "has a text of more than"},
		"an element of many attributes": {"sheet", "<row ", `a="" `, 1 << 20, "has a text of more than"},
		"elements that mean nothing":    {"sheet", "", "<a/>", 5e4, "elements;"},
		"merged cells":                  {"sheet", "</sheetData><mergeCells>", `<mergeCell ref="A1:XFD1048576"/>`, 6e4, "merged cells"},
		"texts":                         {"texts", "", "<si><t>a</t></si>", 3e4, "elements;"},
		"styles":                        {"styles", "", "<xf/>", 3e5, "elements;"},
	} {
		much := c.begin + strings.Repeat(c.more, c.times)
		book := bookParts{sheets: []string{headCells(1)}}
		switch c.part {
		case "sheet":
			book.sheets[0] = "<sheetData>" + headCells(1) + much
		case "texts":
			book.texts = much
		case "styles":
			book.extra = map[string]string{"xl/styles.xml": "<styleSheet " + xlsxNS + "><cellXfs>" + much}
		}
		data := book.bytes(t)
		var err error
		taken := allocated(func() { _, err = readBookWithin(data, "", limits) })
		t.Logf("%-30s %5.1f MB: %5.1f MB", name, mega(len(data)), mega(taken))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
		if taken > 100<<20 {
			t.Errorf("%s: %.1f MB of memory", name, mega(taken))
		}
	}
}

// allocated returns how many bytes f asks for, in all.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

func mega(bytes int) float64 { return float64(bytes) / (1 << 20) }

// TestReadXLSXCutOff reads the seed plan cut off at many places, and with
// bytes changed.
func TestReadXLSXCutOff(t *testing.T) {
	t.Parallel()
	whole := readTestdata(t, "ke-hoach-05.xlsx")
	for n := 0; n < len(whole); n += 1 + len(whole)/50 {
		if _, err := readBook(whole[:n], ""); err == nil {
			t.Errorf("cut off at %d of %d bytes: no error", n, len(whole))
		}
	}
	want, err := readBook(whole, "")
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += 1 + len(whole)/50 {
		bad := bytes.Clone(whole)
		bad[n] ^= 0x55
		if got, err := readBook(bad, ""); err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("byte %d changed: read without error as another plan", n)
		}
	}
}
