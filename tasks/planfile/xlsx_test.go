package planfile

import (
	"archive/zip"
	"bytes"
	"fmt"
	"html"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/xuri/excelize/v2"

	"nhacviec/tasks"
)

func TestSeedPlanXLSX(t *testing.T) {
	t.Parallel()
	want, err := Read("testdata/ke-hoach-05.md", Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read("testdata/ke-hoach-05.xlsx", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(tasks.Row{}, "Line")); diff != "" {
		t.Errorf("the workbook differs (-Markdown +XLSX):\n%s", diff)
	}
}

// bookParts are the parts of a workbook; its sheets get the names S1, S2 ….
type bookParts struct {
	sheets  []string // the rows, or from "<" "worksheet" on the whole part
	texts   string   // what the shared strings' part has
	formats []string // codes of number formats: the cell style i+1 has the i-th
	is1904  bool
	state   map[int]string
	extra   map[string]string // further parts, or others in their place
}

const xlsxNS = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`

func (b bookParts) bytes(t testing.TB) []byte {
	t.Helper()
	const rel = `<Relationship Id="%s" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/%s" Target="%s"/>`
	const rels = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>`
	all := map[string]string{"_rels/.rels": fmt.Sprintf(rels, fmt.Sprintf(rel, "rId1", "officeDocument", "xl/workbook.xml"))}
	var list, relations strings.Builder
	for i, s := range b.sheets {
		id := fmt.Sprintf("rId%d", i+1)
		fmt.Fprintf(&list, `<sheet name="S%d" sheetId="%d" state="%s" r:id="%s"/>`, i+1, i+1, b.state[i], id)
		fmt.Fprintf(&relations, rel, id, "worksheet", fmt.Sprintf("worksheets/sheet%d.xml", i+1))
		if !strings.Contains(s, "<worksheet") {
			if !strings.Contains(s, "<sheetData") {
				s = "<sheetData>" + s + "</sheetData>"
			}
			s = "<worksheet " + xlsxNS + ">" + s + "</worksheet>"
		}
		all[fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1)] = s
	}
	fmt.Fprintf(&relations, rel, "rId98", "styles", "styles.xml")
	fmt.Fprintf(&relations, rel, "rId99", "sharedStrings", "sharedStrings.xml")
	all["xl/workbook.xml"] = fmt.Sprintf(`<workbook %s><workbookPr date1904="%t"/><sheets>%s</sheets></workbook>`, xlsxNS, b.is1904, list.String())
	all["xl/_rels/workbook.xml.rels"] = fmt.Sprintf(rels, relations.String())
	all["xl/sharedStrings.xml"] = fmt.Sprintf(`<sst %s>%s</sst>`, xlsxNS, b.texts)
	var codes, styles strings.Builder
	styles.WriteString(`<xf numFmtId="0"/>`)
	for i, code := range b.formats {
		var id int
		if _, err := fmt.Sscanf(code, "builtin %d", &id); err != nil {
			id = 164 + i
			fmt.Fprintf(&codes, `<numFmt numFmtId="%d" formatCode="%s"/>`, id, strings.ReplaceAll(code, `"`, "&quot;"))
		}
		fmt.Fprintf(&styles, `<xf numFmtId="%d"/>`, id)
	}
	all["xl/styles.xml"] = fmt.Sprintf(`<styleSheet %s><numFmts>%s</numFmts><cellXfs>%s</cellXfs></styleSheet>`, xlsxNS, codes.String(), styles.String())
	for name, text := range b.extra {
		all[name] = text
	}
	return zipOf(t, all)
}

func zipOf(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, text := range parts {
		p, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = p.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// cells writes a row of cells: text, or a whole element from "<c" on, whose
// place is filled in.
func cells(n int, texts ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<row r="%d">`, n)
	for i, s := range texts {
		at := cellName(i+1, n)
		switch {
		case s == "":
		case strings.HasPrefix(s, "<c"):
			b.WriteString(strings.Replace(s, "<c", fmt.Sprintf(`<c r="%s"`, at), 1))
		default:
			fmt.Fprintf(&b, `<c r="%s" t="inlineStr"><is><t xml:space="preserve">%s</t></is></c>`, at, s)
		}
	}
	return b.String() + "</row>"
}

func headCells(n int) string {
	return cells(n, "STT", "Nội dung", "Đơn vị phối hợp", "Thời gian", "Sản phẩm", "Ghi chú")
}

func readBook(data []byte, sheet string) (Document, error) {
	return readBookWithin(data, sheet, DefaultLimits())
}

func readBookWithin(data []byte, sheet string, limits Limits) (Document, error) {
	f := file{name: "plan.xlsx", data: data, sheet: sheet, limits: limits}
	s, err := f.readXLSX()
	if err != nil {
		return Document{}, err
	}
	return s.document()
}

func TestReadXLSX(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		book    bookParts
		sheet   string
		want    []tasks.Row
		title   string
		issued  string
		notices []string
	}{
		"a header below the title, lead units in merged rows, text below the table": {
			book: bookParts{sheets: []string{`<sheetData>` + cells(2, "PHỤ LỤC\nNHIỆM VỤ CỤ THỂ") + headCells(4) + cells(5, "CÔNG AN") + cells(6, "<c><v>1</v></c>", "a", "b", "Tháng 6/2023") +
				cells(8, "NỘI VỤ") + cells(9, "<c><v>2</v></c>", "c") + cells(10, "", "d") + cells(12, "Nơi nhận:", "", "", "", "CHỦ TỊCH") + cells(13, "", "", "", "", "Đồng Xoài, ngày 05/6/2023") + `</sheetData><mergeCells><mergeCell ref="A5:F5"/><mergeCell ref="A8:F8"/></mergeCells>`}},
			title: "NHIỆM VỤ CỤ THỂ",
			want: []tasks.Row{
				{No: "1", Lead: "CÔNG AN", Content: "a", Coordinating: "b", Deadline: "Tháng 6/2023", Line: 6},
				{No: "2", Lead: "NỘI VỤ", Content: "c d", Line: 9},
			},
			issued: "2023-06-05",
		},
		"two rows of headings, sections by Roman numbers": {
			book: bookParts{sheets: []string{`<sheetData>` + cells(1, "TT", "Nhiệm vụ", "Đơn vị thực hiện", "", "Thời hạn") + cells(2, "", "", "Chủ trì", "Phối hợp") +
				cells(3, "I", "Chuyển đổi số") + cells(4, "1", "a", "CATP", "b", "Quý III") +
				`</sheetData><mergeCells><mergeCell ref="A1:A2"/><mergeCell ref="B1:B2"/><mergeCell ref="C1:D1"/><mergeCell ref="E1:E2"/></mergeCells>`}},
			want: []tasks.Row{{No: "1", Lead: "CATP", Content: "a", Coordinating: "b", Deadline: "Quý III", Line: 4}},
		},
		"a table that begins at C, with an empty column in it": {
			book: bookParts{sheets: []string{cells(3, "", "", "STT", "Nội dung", "", "Thời gian") + cells(4, "", "", "(1)", "(2)", "", "(3)") + cells(5, "", "", "1", "a", "", "Quý III")}},
			want: []tasks.Row{{No: "1", Content: "a", Deadline: "Quý III", Line: 5}},
		},
		"merged deadlines are those of each task, a merged number is one task": {
			book: bookParts{sheets: []string{`<sheetData>` + headCells(1) +
				cells(2, "1", "a", "x", "30/6/2023") + cells(3, "2", "b", "y") + cells(4, "3", "c", "z", "", "k") + cells(5, "", "", "w") +
				`</sheetData><mergeCells count="3"><mergeCell ref="D2:D5"/><mergeCell ref="A4:A5"/><mergeCell ref="B4:B5"/></mergeCells>`}},
			want: []tasks.Row{
				{No: "1", Content: "a", Coordinating: "x", Deadline: "30/6/2023", Line: 2},
				{No: "2", Content: "b", Coordinating: "y", Deadline: "30/6/2023", Line: 3},
				{No: "3", Content: "c", Coordinating: "z w", Deadline: "30/6/2023", Product: "k", Line: 4},
			},
		},
		"what lies below a merged cell is told": {
			book:    bookParts{sheets: []string{`<sheetData>` + headCells(1) + cells(2, "1", "a", "x", "y") + `</sheetData><mergeCells><mergeCell ref="C2:D2"/></mergeCells>`}},
			want:    []tasks.Row{{No: "1", Content: "a", Coordinating: "x", Line: 2}},
			notices: []string{`sheet S1: cell D2 is not read: it lies below the merged cell C2, its text is "y"`},
		},
		"shared, rich and formulas' texts, line breaks, escapes, truth, phonetic guides": {
			book: bookParts{
				texts: `<si><t>STT</t></si><si><r><t>Nội </t></r><r><rPr><b/></rPr><t>dung</t></r></si><si><t xml:space="preserve"> hai
dòng_x000D_ &lt;b&gt; </t></si><si><t>漢</t><rPh sb="0" eb="1"><t>kan</t></rPh></si>`,
				sheets: []string{cells(1, `<c t="s"><v>0</v></c>`, `<c t="s"><v>1</v></c>`, "Thời gian", "Sản phẩm", "Ghi chú") +
					cells(2, `<c><f>A1+1</f><v>1</v></c>`, `<c t="s"><v>2</v></c>`, `<c t="str"><f>"Tháng "&amp;6</f><v>Tháng 6</v></c>`, `<c t="b"><v>1</v></c>`, `<c t="s"><v>3</v></c>`) +
					cells(3, "", `<c t="str"><f>""</f><v></v></c>`, "   ")}},
			want: []tasks.Row{{No: "1", Content: "hai dòng <b>", Deadline: "Tháng 6", Product: "TRUE", Note: "漢", Line: 2}},
		},
		"numbers": {
			book: bookParts{formats: []string{"0.0", "0.00", "builtin 9", "0.00%"}, sheets: []string{headCells(1) +
				cells(2, `<c s="1"><v>1</v></c>`, "a", "", "<c><v>45107</v></c>", `<c s="3"><v>0.95</v></c>`, `<c s="4"><v>0.955</v></c>`) +
				cells(3, `<c><v>3.1000000000000001</v></c>`, "b") + cells(4, `<c s="2"><v>3.1</v></c>`, "c", "", "<c><v>1E+20</v></c>")}},
			want: []tasks.Row{
				{No: "1", Content: "a", Deadline: "45107", Product: "95%", Note: "95.50%", Line: 2},
				{No: "3.1", Content: "b", Line: 3},
				{No: "3.10", Content: "c", Deadline: "1E+20", Line: 4},
			},
		},
		"dates": {
			book: bookParts{formats: []string{"builtin 14", `[$-42A]dd/mm/yyyy;@`, "builtin 17"}, sheets: []string{headCells(1) +
				cells(2, "1", "a", "", `<c s="1"><v>45107</v></c>`, `<c t="d"><v>2023-06-30T00:00:00</v></c>`) + cells(3, "2", "b", "", `<c s="2"><v>45107.99</v></c>`) + cells(4, "3", "c", "", `<c s="3"><v>45078</v></c>`)}},
			want: []tasks.Row{
				{No: "1", Content: "a", Deadline: "30/06/2023", Product: "30/06/2023", Line: 2},
				{No: "2", Content: "b", Deadline: "30/06/2023", Line: 3},
				{No: "3", Content: "c", Deadline: "Tháng 06/2023", Line: 4},
			},
		},
		"dates from 1904": {
			book: bookParts{is1904: true, formats: []string{"builtin 14"}, sheets: []string{headCells(1) + cells(2, "1", "a", "", `<c s="1"><v>43645</v></c>`)}},
			want: []tasks.Row{{No: "1", Content: "a", Deadline: "30/06/2023", Line: 2}},
		},
		"the only sheet with a task table; hidden rows and columns": {
			book: bookParts{sheets: []string{cells(1, "Tổng hợp", "<c t=\"e\"><v>#DIV/0!</v></c>"), `<cols><col min="3" max="4" hidden="1"/></cols><sheetData>` + headCells(1) + strings.Replace(cells(2, "1", "a", "", "x"), "<row", `<row hidden="1"`, 1) + `</sheetData>`, ""}},
			want: []tasks.Row{{No: "1", Content: "a", Deadline: "x", Line: 2}},
			notices: []string{"sheet S2: hidden rows are read too: 2", "sheet S2: hidden columns are read too: C, D",
				"sheet S1: not read, it has no task table"},
		},
		"a sheet of other data, too large": {
			book:    bookParts{sheets: []string{headCells(1) + cells(2, "1", "a"), strings.Repeat("<row><c><v>1</v></c></row>", 50_001)}},
			want:    []tasks.Row{{No: "1", Content: "a", Line: 2}},
			notices: []string{"not read: plan.xlsx: sheet S2, row 50001: more than 50000 rows, the max_rows of [import]; a plan has fewer"},
		},
		"the sheet asked for": {
			book:    bookParts{state: map[int]string{1: "veryHidden"}, sheets: []string{headCells(1) + cells(2, "1", "a"), headCells(1) + cells(2, "1", "b")}},
			sheet:   " s2",
			want:    []tasks.Row{{No: "1", Content: "b", Line: 2}},
			notices: []string{"sheet S2: it is hidden"},
		},
		"rows and cells without their places": {
			book: bookParts{sheets: []string{`<row><c t="inlineStr"><is><t>STT</t></is></c><c t="inlineStr"><is><t>Nội dung</t></is></c><c t="inlineStr"><is><t>Thời hạn</t></is></c></row><row><c><v>1</v></c><c t="inlineStr"><is><t>a</t></is></c><c><v>2023</v></c></row>`}},
			want: []tasks.Row{{No: "1", Content: "a", Deadline: "2023", Line: 2}},
		},
		"a format to the last row and column": {
			book: bookParts{sheets: []string{headCells(1) + cells(2, "1", "a") + `<row r="1048576"><c r="XFD1048576" s="1"/></row>`}},
			want: []tasks.Row{{No: "1", Content: "a", Line: 2}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := readBook(c.book.bytes(t), c.sheet)
			if err != nil {
				t.Fatal(err)
			}
			day, _ := tasks.ParseDate(c.issued)
			if diff := cmp.Diff(Document{Title: c.title, Issued: day, Rows: c.want, Notices: c.notices}, doc); diff != "" {
				t.Errorf("differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadXLSXOfLibrary reads what another program writes.
func TestReadXLSXOfLibrary(t *testing.T) {
	t.Parallel()
	b := excelize.NewFile()
	defer b.Close()
	day := time.Date(2023, 6, 30, 15, 0, 0, 0, time.UTC)
	for cell, v := range map[string]any{"B2": "TT", "C2": "Nhiệm vụ", "D2": "Thời hạn", "E2": "Cơ quan chủ trì", "B3": 1, "C3": "a", "D3": day, "E3": "Phòng A", "B4": 2.1, "C4": "b", "D4": true} {
		if err := b.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.MergeCell("Sheet1", "E3", "E4"); err != nil {
		t.Fatal(err)
	}
	data, err := b.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := readBook(data.Bytes(), "")
	want := []tasks.Row{{No: "1", Lead: "Phòng A", Content: "a", Deadline: "30/06/2023", Line: 3}, {No: "2.1", Lead: "Phòng A", Content: "b", Deadline: "TRUE", Line: 4}}
	if diff := cmp.Diff(want, doc.Rows); diff != "" || err != nil {
		t.Errorf("error %v, rows differ (-want +got):\n%s", err, diff)
	}
}

func TestOldEncodingXLSX(t *testing.T) {
	t.Parallel()
	old := cells(1, "STT", "Néi dung", "Thêi gian") + cells(2, "1", "§¬n vÞ thùc hiÖn", "Th¸ng 6")
	for name, sheets := range map[string][]string{"one sheet": {old}, "two sheets": {"", old}} {
		_, err := readBook(bookParts{sheets: sheets}.bytes(t), "")
		if err == nil || !strings.Contains(err.Error(), `text in the old encoding TCVN3 (ABC; fonts such as .VnTime): "§¬n vÞ thùc hiÖn" is "Đơn vị thực hiện"; convert the file to Unicode with UniKey`) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// FuzzReadXLSX puts XML into a workbook's sheet.
func FuzzReadXLSX(f *testing.F) {
	book := bookParts{texts: "<si><t>a</t></si><si><r><t>b</t></r></si>", formats: []string{"builtin 14", "mm/yyyy", "0.00"}}
	read := func(t testing.TB, sheet string) (Document, error) {
		book := book
		book.sheets = []string{sheet}
		return readBook(book.bytes(t), "")
	}
	whole := func(rows string) string {
		return "<worksheet " + xlsxNS + "><sheetData>" + headCells(1) + rows + "</sheetData></worksheet>"
	}
	for sheet, want := range map[string]int{
		whole(cells(2, "1", `<c t="s"><v>0</v></c>`)): 1,
		whole(cells(2, "A") + cells(3, "1", `<c t="s"><v>1</v></c>`, "", `<c s="1"><v>45107</v></c>`) + cells(4, "", "b")):                                                             1,
		whole("<row><c><v>1</v></c><c s=\"2\"><v>45107</v></c></row><row><c><f>1</f><v>2</v></c><c t=\"b\"><v>1</v></c></row>"):                                                        2,
		strings.Replace(whole(cells(2, "1", "a")+cells(3, "2", "b", "c")), "</worksheet>", `<mergeCells><mergeCell ref="D2:D3"/><mergeCell ref="E2:F3"/></mergeCells></worksheet>`, 1): 2,
		whole(cells(2, "1", `<c t="e"><v>#N/A</v></c>`)): 0,
		whole(""): 0,
		"":        0,
		"<a":      0,
	} {
		if doc, _ := read(f, sheet); len(doc.Rows) != want {
			f.Errorf("%s: %d tasks, want %d", sheet, len(doc.Rows), want)
		}
		f.Add(sheet)
	}
	f.Fuzz(func(t *testing.T, sheet string) {
		doc, err := read(t, sheet)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "plan.xlsx: ") || strings.Contains(err.Error(), "\n") || len(doc.Rows) != 0 {
				t.Fatalf("error %q, %d rows", err, len(doc.Rows))
			}
			return
		}
		if len(doc.Rows) == 0 {
			t.Fatalf("%q: no task and no error", sheet)
		}
		for _, r := range doc.Rows {
			if r.No == "" || r.Content == "" || r.Line < 1 || r.Line > excelize.TotalRows {
				t.Fatalf("%q: row %+v", sheet, r)
			}
			for _, s := range []string{r.Lead, r.Coordinating, r.Content, r.Deadline, r.Product, r.Note} {
				if s != tasks.Clean(s) || strings.ContainsRune(s, 0) {
					t.Fatalf("%q: %q is not clean", sheet, s)
				}
			}
		}
	})
}

// BenchmarkReadXLSX reads 20,000 tasks of the length of the seed plan's.
func BenchmarkReadXLSX(b *testing.B) {
	const rows = 20_000
	seed, err := Read("testdata/ke-hoach-05.xlsx", Options{})
	if err != nil {
		b.Fatal(err)
	}
	var sheet, texts strings.Builder
	n := 0
	add := func(s string) string {
		fmt.Fprintf(&texts, `<si><t xml:space="preserve">%s</t></si>`, html.EscapeString(s))
		n++
		return fmt.Sprintf(`<c s="1" t="s"><v>%d</v></c>`, n-1)
	}
	sheet.WriteString(headCells(1))
	for i := range rows {
		r := seed.Rows[i%len(seed.Rows)]
		sheet.WriteString(cells(i+2, fmt.Sprintf("<c><v>%d</v></c>", i+1), add(r.Content), add(r.Coordinating), "<c s=\"1\"><v>45107</v></c>", add(r.Product), add(r.Note)))
	}
	data := bookParts{sheets: []string{sheet.String()}, texts: texts.String(), formats: []string{"builtin 14"}}.bytes(b)
	peak := watchHeap(b)
	for b.Loop() {
		doc, err := readBook(data, "")
		if err != nil || len(doc.Rows) != rows {
			b.Fatal(err, len(doc.Rows))
		}
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(peak()/(1<<20), "peak-MB")
}

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
