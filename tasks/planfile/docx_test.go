package planfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nhacviec/tasks"
)

var noLines = cmpopts.IgnoreFields(tasks.Row{}, "Line")

func TestSeedPlanAsDOCX(t *testing.T) {
	t.Parallel()
	want, err := Read("testdata/ke-hoach-05.md", Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read("testdata/ke-hoach-05.docx", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, noLines); diff != "" {
		t.Errorf("DOCX differs from Markdown (-Markdown +DOCX):\n%s", diff)
	}
}

func readDOCX(data []byte) (Document, error) { return readDOCXWithin(data, DefaultLimits()) }

func readDOCXWithin(data []byte, limits Limits) (Document, error) {
	s, err := file{name: "plan.docx", data: data, limits: limits}.readDOCX()
	if err != nil {
		return Document{}, err
	}
	return s.document()
}

// task is a row of the seed plan's columns: number, content, deadline.
func task(no, content, deadline string) string {
	return tr(no, content, "", deadline, "", "")
}

func TestReadDOCXRows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		body string
		want []tasks.Row
	}{
		{
			"lead units over all columns, tasks over pages, a table of its own on the next page",
			p("KẾ HOẠCH") + tbl(headRow, tr(tc(`<w:gridSpan w:val="6"/>`, "CÔNG AN")), task("1", "một", "Tháng 6/2023"), task("", "hai", "")) +
				p() + tbl(task("", "ba", ""), tr(tc(`<w:gridSpan w:val="6"/>`, "NỘI VỤ")), headRow, task("2", "b", "")),
			[]tasks.Row{
				{No: "1", Lead: "CÔNG AN", Content: "một hai ba", Deadline: "Tháng 6/2023", Line: 4},
				{No: "2", Lead: "NỘI VỤ", Content: "b", Line: 10},
			},
		},
		{
			"a lead unit in a row of one cell that is over no columns",
			tbl(headRow, tr("CÔNG AN"), task("1", "a", "")),
			[]tasks.Row{{No: "1", Lead: "CÔNG AN", Content: "a", Line: 3}},
		},
		{
			"split runs, spaces between them, breaks, tabs, hyphens",
			tbl(headRow, task("1", p("tr", "ước ", "ngày", `<w:r><w:br/></w:r>`, "15", `<w:r><w:noBreakHyphen/><w:t>16</w:t><w:tab/><w:t>thá</w:t><w:softHyphen/><w:t>ng</w:t></w:r>`, `<w:r><w:t> 6</w:t></w:r>`)+p("xong"), "")),
			[]tasks.Row{{No: "1", Content: "trước ngày 15-16 tháng 6 xong", Line: 2}},
		},
		{
			"mark-up laid out over lines",
			tbl(headRow, task("1", "<w:p>\n  <w:r>\n    <w:t>\n      th\n    </w:t>\n  </w:r>\n  <w:r>\n <w:t>\náng\n</w:t>\n </w:r>\n</w:p>", "")),
			[]tasks.Row{{No: "1", Content: "tháng", Line: 2}},
		},
		{
			"tracked changes: what was deleted is gone, with rows, cells and ends of paragraphs; what was inserted is there",
			tbl(headRow,
				task("1", p("a ", `<w:del><w:r><w:delText>x</w:delText><w:t>x</w:t></w:r></w:del>`, `<w:ins>`+run("b")+`</w:ins>`, `<w:moveFrom>`+run("x")+`</w:moveFrom>`, `<w:moveTo>`+run(" c")+`</w:moveTo>`), ""),
				tr(`<w:trPr><w:del/></w:trPr>`, "2", "x", "", "", "", ""),
				tr(`<w:trPr><w:ins/></w:trPr>`, "3", `<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>`+run("trước ")+`</w:p>`+p("ngày 5"), tc(`<w:cellDel/>`, "x"), "", "Tháng 6", "", ""),
				task("4", `<w:p><w:pPr><w:rPr><w:rPrChange><w:rPr><w:del/><w:vanish/></w:rPr></w:rPrChange></w:rPr></w:pPr><w:r><w:rPr><w:rPrChange><w:rPr><w:vanish/></w:rPr></w:rPrChange></w:rPr><w:t>kept</w:t></w:r></w:p>`, ""),
				task("5", `<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>`+run("the last end")+`</w:p>`, "")),
			[]tasks.Row{
				{No: "1", Content: "a b c", Line: 2},
				{No: "3", Content: "trước ngày 5", Deadline: "Tháng 6", Line: 4},
				{No: "4", Content: "kept", Line: 5},
				{No: "5", Content: "the last end", Line: 6},
			},
		},
		{
			"wrappers: controls, links, tags, fields, alternatives, mathematics",
			tbl(headRow, `<w:sdt><w:sdtPr/><w:sdtContent>`+task("1", p(
				`<w:hyperlink>`+run("a")+`</w:hyperlink>`, `<w:smartTag><w:customXml>`+run("b")+`</w:customXml></w:smartTag>`,
				`<w:sdt><w:sdtContent>`+run("c")+`</w:sdtContent></w:sdt>`,
				`<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>`+run("Click to enter text")+`</w:sdtContent></w:sdt>`,
				`<w:fldSimple w:instr=" DATE ">`+run("d")+`</w:fldSimple>`,
				`<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>REF x</w:instrText></w:r><w:r><w:t>x</w:t></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>`, "e", `<w:r><w:fldChar w:fldCharType="end"/></w:r>`,
				`<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:t>f</w:t></mc:Choice><mc:Fallback><w:t>x</w:t></mc:Fallback></mc:AlternateContent></w:r>`,
				`<m:oMath><m:r><m:t>≥ 9</m:t></m:r><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>`,
				`<w:r><w:sym w:font="Symbol" w:char="F0B3"/><w:sym w:font="Wingdings" w:char="F0A7"/><w:sym w:font="Symbol" w:char="F035"/><w:footnoteReference w:id="1"/></w:r>`,
			), "")+`</w:sdtContent></w:sdt>`),
			[]tasks.Row{{No: "1", Content: "abcdef≥ 91/2≥ 5", Line: 2}},
		},
		{
			"a field that is never closed hides no other paragraph",
			tbl(headRow, task("1", p(`<w:r><w:fldChar w:fldCharType="begin"/></w:r>`, "x")+p("a"), "Tháng 6")),
			[]tasks.Row{{No: "1", Content: "a", Deadline: "Tháng 6", Line: 2}},
		},
		{
			"a table in a cell is words of the cell, a deleted row of it is not",
			tbl(headRow, task("1", tc("", "a", tbl(tr("b", "c"), tr(`<w:trPr><w:del/></w:trPr>`, "x"), tr("d", tc("", tbl(tr("e"))))), "f"), "")),
			[]tasks.Row{{No: "1", Content: "a b c d e f", Line: 2}},
		},
		{
			"a text box in a cell is words of the cell, once",
			tbl(headRow, task("1", p("a", `<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:txbx><w:txbxContent>`+p("b")+`</w:txbxContent></wps:txbx></w:drawing></mc:Choice>`+
				`<mc:Fallback><w:pict><w:txbxContent>`+p("b")+`</w:txbxContent></w:pict></mc:Fallback></mc:AlternateContent></w:r>`), "")),
			[]tasks.Row{{No: "1", Content: "b a", Line: 2}},
		},
		{
			"a lead unit and a deadline merged over tasks",
			tbl(tr("Cơ quan chủ trì", "STT", "Nội dung", "Thời gian"),
				tr(tc(`<w:vMerge w:val="restart"/>`, "CÔNG AN"), "1", "a", tc(`<w:vMerge w:val="restart"/>`, "Tháng 6")),
				tr(tc(`<w:vMerge/>`, ""), "2", "b", tc(`<w:vMerge w:val="continue"/>`, "")),
				tr(tc(`<w:vMerge/>`, ""), "3", "c", "Tháng 7"),
				tr("NỘI VỤ", "4", "d", "")),
			[]tasks.Row{
				{No: "1", Lead: "CÔNG AN", Content: "a", Deadline: "Tháng 6", Line: 2},
				{No: "2", Lead: "CÔNG AN", Content: "b", Deadline: "Tháng 6", Line: 3},
				{No: "3", Lead: "CÔNG AN", Content: "c", Deadline: "Tháng 7", Line: 4},
				{No: "4", Lead: "NỘI VỤ", Content: "d", Line: 5},
			},
		},
		{
			"a task over several rows says nothing twice",
			tbl(headRow,
				tr(tc(`<w:vMerge w:val="restart"/>`, "1"), tc(`<w:vMerge w:val="restart"/>`, "a"), "b", "Tháng 6", "", ""),
				tr(tc(`<w:vMerge/>`, ""), tc(`<w:vMerge/>`, ""), "c", "Tháng 7", "", ""),
				tr(tc(`<w:vMerge/>`, ""), "d", "", "", "", "")),
			[]tasks.Row{{No: "1", Content: "a d", Coordinating: "b c", Deadline: "Tháng 6 Tháng 7", Line: 2}},
		},
		{
			"a cell that continues none is a cell of its own",
			tbl(headRow, task("1", "a", ""), tr("2", tc(`<w:vMerge/>`, "b"), "", "", "", "")),
			[]tasks.Row{{No: "1", Content: "a", Line: 2}, {No: "2", Content: "b", Line: 3}},
		},
		{
			"cells over several columns, columns left out before and behind",
			tbl(headRow, tr("1", tc(`<w:gridSpan w:val="2"/>`, "a"), "Tháng 6", `<w:trPr><w:gridAfter w:val="2"/></w:trPr>`),
				tr(`<w:trPr><w:gridBefore w:val="1"/></w:trPr>`, "b", "c", tc(`<w:gridSpan w:val="3"/>`, "Tháng 7"))),
			[]tasks.Row{{No: "1", Content: "a b", Coordinating: "c", Deadline: "Tháng 6 Tháng 7", Line: 2}},
		},
		{
			"borders moved in some rows",
			tbl(tr("STT", tc(`<w:gridSpan w:val="2"/>`, "Nội dung"), tc(`<w:gridSpan w:val="2"/>`, "Thời gian"), "Ghi chú"),
				tr("1", "a", tc(`<w:gridSpan w:val="2"/>`, "Tháng 6"), tc(`<w:gridSpan w:val="2"/>`, "n")),
				tr("2", tc(`<w:gridSpan w:val="3"/>`, "b"), "Tháng 7", "m"),
				tr(tc(`<w:gridSpan w:val="6"/>`, "CÔNG AN")),
				tr("3", tc(`<w:gridSpan w:val="2"/>`, "c"), tc(`<w:gridSpan w:val="2"/>`, ""), "")),
			[]tasks.Row{
				{No: "1", Content: "a", Deadline: "Tháng 6", Note: "n", Line: 2},
				{No: "2", Content: "b", Deadline: "Tháng 7", Note: "m", Line: 3},
				{No: "3", Lead: "CÔNG AN", Content: "c", Line: 5},
			},
		},
		{
			"headings of two rows, merged either way",
			tbl(tr(tc(`<w:vMerge w:val="restart"/>`, "STT"), tc(`<w:vMerge w:val="restart"/>`, "Nội dung"), tc(`<w:gridSpan w:val="2"/>`, "Đơn vị thực hiện"), tc(`<w:vMerge w:val="restart"/>`, "Thời gian")),
				tr(tc(`<w:vMerge/>`, ""), tc(`<w:vMerge/>`, ""), "Chủ trì", "Phối hợp", tc(`<w:vMerge/>`, "")),
				tr("1", "a", tc(`<w:vMerge w:val="restart"/>`, "CÔNG AN"), "NỘI VỤ", "Tháng 6"),
				tr("2", "b", tc(`<w:vMerge/>`, ""), "", "")),
			[]tasks.Row{{No: "1", Lead: "CÔNG AN", Content: "a", Coordinating: "NỘI VỤ", Deadline: "Tháng 6", Line: 3}, {No: "2", Lead: "CÔNG AN", Content: "b", Line: 4}},
		},
		{
			"tables and rows without cells",
			tbl("<w:tr/>") + tbl() + tbl(headRow, "<w:tr/>", task("1", "a", "")) + tbl("<w:tr/>") + tbl(tr("2")),
			[]tasks.Row{{No: "1", Content: "a", Line: 4}},
		},
		{
			"other tables around",
			tbl(tr("ỦY BAN NHÂN DÂN", "CỘNG HÒA XÃ HỘI"), tr("Số: 5", "")) + p() + tbl(headRow, task("1", "a", "")) + p() + tbl(tr("Nơi nhận:", "CHỦ TỊCH")),
			[]tasks.Row{{No: "1", Content: "a", Line: 5}},
		},
		{
			"entities, letters in two parts, NBSP",
			tbl(headRow, task("1", "a &amp; &lt;b&gt; &#x1ED9; o\u0323\u0302\u00a0c", "")),
			[]tasks.Row{{No: "1", Content: "a & <b> ộ ộ c", Line: 2}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc, err := readDOCX(docxFile(t, c.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, doc.Rows); diff != "" {
				t.Errorf("rows differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadDOCXLooks(t *testing.T) {
	t.Parallel()
	styles := part{"styles", `<w:styles ` + spaces + `>` +
		`<w:style w:styleId="Secret"><w:rPr><w:vanish/></w:rPr></w:style>` +
		`<w:style w:styleId="Loud"><w:basedOn w:val="Louder"/></w:style>` +
		`<w:style w:styleId="Louder"><w:basedOn w:val="Loud"/><w:rPr><w:caps/></w:rPr></w:style></w:styles>`}
	doc, err := readDOCX(docxFile(t, `<w:p><w:pPr><w:pStyle w:val="Loud"/></w:pPr>`+run("Nhiệm vụ ")+`<w:r><w:rPr><w:caps w:val="0"/></w:rPr><w:t>05/CT-TTg</w:t></w:r></w:p>`+
		tbl(headRow, task("1", p("a ", `<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r>`, `<w:r><w:rPr><w:rStyle w:val="Secret"/></w:rPr><w:t>too</w:t></w:r>`,
			`<w:r><w:rPr><w:rStyle w:val="Secret"/><w:vanish w:val="false"/></w:rPr><w:t>b</w:t></w:r>`), "")), styles))
	if err != nil {
		t.Fatal(err)
	}
	if want := "NHIỆM VỤ 05/CT-TTg"; doc.Title != want {
		t.Errorf("title %q, want %q", doc.Title, want)
	}
	if got := doc.Rows[0].Content; got != "a b" {
		t.Errorf("content %q, want a b", got)
	}
	if diff := cmp.Diff([]string{`hidden text is left out, 2 times; the first: table 1, row 2, "hidden"`}, doc.Notices); diff != "" {
		t.Errorf("notices (-want +got):\n%s", diff)
	}
}

func TestReadDOCXAround(t *testing.T) {
	t.Parallel()
	plan := tbl(headRow, task("1", "a", ""))
	box := `<w:r><w:pict><w:txbxContent>` + p("DỰ THẢO") + tbl(tr("x")) + `</w:txbxContent></w:pict></w:r>`
	for name, c := range map[string]struct {
		body, title, issued, notices string
	}{
		"an annex": {
			p("PHỤ LỤC", `<w:r><w:br/></w:r>`, "NHIỆM VỤ") + p("CỤ THỂ") + p("(ban hành kèm theo Kế hoạch số 12/KH-UBND ngày ", "05/6/2023 của Ủy ban)") + plan,
			"NHIỆM VỤ CỤ THỂ", "2023-06-05", "",
		},
		"a letterhead in a table": {
			tbl(tr("ỦY BAN NHÂN DÂN", tc("", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Đồng Xoài, ngày 05 tháng 6 năm 2023"))) + p("KẾ HOẠCH") + p("Triển khai") + plan,
			"KẾ HOẠCH Triển khai", "2023-06-05", "",
		},
		"a title in a content control, changed": {
			`<w:sdt><w:sdtContent>` + p("KẾ ", `<w:del>`+run("x")+`</w:del>`, `<w:ins>`+run("HOẠCH")+`</w:ins>`) + `</w:sdtContent></w:sdt>` + plan,
			"KẾ HOẠCH", "", "",
		},
		"a stamp in a text box": {
			p("KẾ HOẠCH", box) + plan, "KẾ HOẠCH", "",
			"paragraph 1: a table in a text box is left out; if it has tasks, move it out of the box",
		},
		"a title whose end is deleted before the table": {
			`<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>` + run("KẾ HOẠCH") + `</w:p>` + plan, "KẾ HOẠCH", "", "",
		},
	} {
		doc, err := readDOCX(docxFile(t, c.body))
		if err != nil || doc.Title != c.title || doc.Issued.String() != c.issued || strings.Join(doc.Notices, ";") != c.notices {
			t.Errorf("%s: title %q, issued %q, notices %q, error %v; want %q, %q, %q", name, doc.Title, doc.Issued, doc.Notices, err, c.title, c.issued, c.notices)
		}
	}
}

func TestReadDOCXErrors(t *testing.T) {
	t.Parallel()
	document := func(text string) []byte { return zipFile(t, docxParts(text)...) }
	var manyLists strings.Builder
	for i := range maxLists + 2 {
		fmt.Fprintf(&manyLists, `<w:num w:numId="%d"/>`, i)
	}
	long := strings.Repeat("a", 64<<10+1)
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"no table":          {docxFile(t, p("a")), "plan.docx: paragraph 1: no table;"},
		"no text":           {docxFile(t, ""), "plan.docx: paragraph 1: no table;"},
		"a bad row":         {docxFile(t, p("a")+tbl(tr("x"))+p("b")+tbl(headRow, task("1", "a", ""), task("x2", "b", ""))), `plan.docx: table 2, row 3: "x2" is no task's number;`},
		"no document":       {zipFile(t, part{"word/a.xml", "<a/>"}), "plan.docx: lacks word/document.xml,"},
		"another document":  {zipFile(t, part{"_rels/.rels", relsPart(related("officeDocument", "word/b.xml"))}, part{"word/document.xml", ""}), "plan.docx: lacks word/b.xml,"},
		"another root":      {document(`<html/>`), "plan.docx: not a Word file, but <html>;"},
		"an old namespace":  {document(`<w:document xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml"/>`), "plan.docx: not a Word file, but <document>;"},
		"an empty document": {document(``), "plan.docx: word/document.xml is damaged (empty);"},
		"a cut document":    {document(`<w:document xmlns:w="` + wordSpace + `"><w:body>` + tbl(headRow)[:400]), "plan.docx: word/document.xml is damaged (table 1, row 1: "},
		"an entity":         {document(`<!DOCTYPE a [<!ENTITY b "c">]><w:document xmlns:w="` + wordSpace + `"/>`), "plan.docx: word/document.xml is damaged (<!DOCTYPE a [<!ENTITY"},
		"an entity's use":   {docxFile(t, p("&b;")), "plan.docx: word/document.xml is damaged (paragraph 1: XML syntax error on line 1: invalid character entity &b;);"},
		"NUL":               {docxFile(t, p("a\x00")), "plan.docx: word/document.xml is damaged (paragraph 1: XML syntax error on line 1: illegal character code U+0000);"},
		"not UTF-8":         {docxFile(t, p("a\xff")), "plan.docx: word/document.xml is damaged (paragraph 1: XML syntax error on line 1: invalid UTF-8);"},
		"UTF-16 declared":   {document(`<?xml version="1.0" encoding="UTF-16"?><a/>`), "plan.docx: word/document.xml is damaged (xml: encoding \"UTF-16\""},
		"deep":              {docxFile(t, p()+strings.Repeat("<w:sdt><w:sdtContent>", 10_000)), "plan.docx: word/document.xml: paragraph 1: more than 256 elements in one another, and no Word file looks so;"},
		"deep and unknown":  {docxFile(t, p()+strings.Repeat("<x>", 1_000_000)), "plan.docx: word/document.xml: paragraph 1: more than 256 elements in one another, and no Word file looks so;"},
		"a large tag":       {docxFile(t, `<w:p a="`+strings.Repeat("a", maxToken+64<<10)+`"/>`), "plan.docx: word/document.xml: one tag or text of more than 4 MB, and no Word file looks so;"},
		"a large paragraph": {docxFile(t, "<w:p>"+strings.Repeat(`<w:r a="`+strings.Repeat("a", 1000)+`"/>`, maxPiece/1000)), "plan.docx: word/document.xml: paragraph 1: a row or paragraph of more than 8 MB, and no Word file looks so;"},
		"a large style":     {docxFile(t, "", part{"styles", "<w:styles>" + strings.Repeat(strings.Repeat("a", 1000)+"<a/>", maxPiece/1000)}), "plan.docx: word/styles.xml: a row or paragraph of more than 8 MB, and no Word file looks so;"},
		"a large document":  {claim(zipFile(t, part{"word/document.xml", ""}), uint32(DefaultLimits().part()+1), 1<<20), "plan.docx: word/document.xml has more than 64 MB of mark-up, a quarter of the max_unpacked_mb of [import];"},
		"a large comment":   {docxFile(t, p()+`<!--`+strings.Repeat("a", maxToken+64<<10)+`-->`), "plan.docx: word/document.xml: paragraph 1: one tag or text of more than 4 MB, and no Word file looks so;"},
		"a long cell":       {docxFile(t, tbl(headRow, task("1", long, ""))), "plan.docx: table 1, row 2: a cell of more than 64 KB, the max_cell_kb of [import]"},
		"a cell long by paragraphs": {
			docxFile(t, tbl(headRow, task("1", strings.Repeat(p("abcdefgh"), 8<<10+1), ""))), "plan.docx: table 1, row 2: a cell of more than 64 KB",
		},
		"a long paragraph":      {docxFile(t, p(long)), "plan.docx: paragraph 1: a paragraph of more than 64 KB, the max_cell_kb of [import]"},
		"many rows":             {docxFile(t, tbl(strings.Repeat("<w:tr/>", 501))), "plan.docx: table 1, row 501: more than 500 rows, the max_rows of [import];"},
		"many rows together":    {docxFile(t, strings.Repeat(tbl("<w:tr/><w:tr/>"), 251)), "plan.docx: table 251, row 1: more than 500 rows, the max_rows of [import];"},
		"many cells":            {docxFile(t, tbl(strings.Repeat("<w:tr>"+strings.Repeat("<w:tc/>", 50)+"</w:tr>", 201))), "plan.docx: table 1, row 201: more than 10000 cells, empty ones too;"},
		"many lists":            {docxFile(t, "", part{"numbering", `<w:numbering ` + spaces + `>` + manyLists.String()}), "plan.docx: word/numbering.xml: more than 20000 lists, and no Word file looks so;"},
		"many paragraphs":       {docxFile(t, strings.Repeat("<w:p/>", 501)), "plan.docx: paragraph 501: more than 500 paragraphs, the max_rows of [import];"},
		"a far column":          {docxFile(t, tbl(tr(tc(`<w:gridSpan w:val="2000000000"/>`, "a")))), "plan.docx: table 1, row 1: a row of more than 64 cells, and Word has at most 63;"},
		"a column before zero":  {docxFile(t, tbl(tr(`<w:trPr><w:gridBefore w:val="-5"/></w:trPr>`, tc(`<w:gridSpan w:val="-2000000000"/>`, "a"), "b", "c"))), "plan.docx: table 1, row 1: no header row;"},
		"another file in it":    {docxFile(t, p("a")+`<w:altChunk/>`), "plan.docx: paragraph 2: another file stands here,"},
		"a damaged numbering":   {docxFile(t, tbl(headRow), part{"numbering", "<a"}), "plan.docx: word/numbering.xml is damaged ("},
		"a damaged style sheet": {docxFile(t, tbl(headRow), part{"styles", "<a>"}), "plan.docx: word/styles.xml is damaged ("},
		"two documents":         {zipFile(t, append(docxParts(""), part{"word/Document.xml", ""})...), "plan.docx: has two parts word/document.xml;"},
		"a size that lies": {
			claim(zipFile(t, part{"word/document.xml", strings.Repeat(" ", 1<<20)}), 10, 0), "plan.docx: word/document.xml is damaged (",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if underRace && len(c.data) > maxToken {
				t.Skip("much to read, and nothing runs beside the reader")
			}
			doc, err := readDOCXWithin(c.data, Limits{Unpacked: 256 << 20, Rows: 500, Cell: 64 << 10})
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %s …", err, c.want)
			}
			if !cmp.Equal(doc, Document{}) {
				t.Errorf("a part of a refused file is returned: %+v", doc)
			}
		})
	}
}

// Word's own names differ: a strict file, other prefixes, another main part.
func TestReadDOCXOfOtherMakers(t *testing.T) {
	t.Parallel()
	text := `<w:document ` + spaces + `><w:body>` + tbl(headRow, task("1", "a", "")) + `</w:body></w:document>`
	for name, parts := range map[string][]part{
		"strict":          docxParts(strings.ReplaceAll(text, wordSpace, "http://purl.oclc.org/ooxml/wordprocessingml/main")),
		"another prefix":  docxParts(strings.NewReplacer("w:", "ns0:", "xmlns:w=", "xmlns:ns0=").Replace(text)),
		"no prefix":       docxParts(strings.NewReplacer("<w:", "<", "</w:", "</", "xmlns:w=", "xmlns=").Replace(text)),
		"a part's name":   {{"_rels/.rels", relsPart(related("officeDocument", "/word/document22.xml"))}, {"word/document22.xml", text}},
		"no relations":    {{"word/document.xml", text}},
		"with a BOM":      docxParts("\ufeff" + text),
		"with a comment":  docxParts("<!-- a --><?a b?>" + text),
		"broken settings": append(docxParts(text), part{"word/settings.xml", "<<<"}),
	} {
		doc, err := readDOCX(zipFile(t, parts...))
		if err != nil || len(doc.Rows) != 1 || doc.Rows[0].Content != "a" {
			t.Errorf("%s: %+v, error %v", name, doc, err)
		}
	}
}

func TestSymbol(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"Symbol", "F0A3", "≤"}, {"Symbol", "00B3", "≥"}, {"Symbol", "F032", "2"}, {"Symbol", "F061", " "}, {"Wingdings", "F0FC", "✓"},
		{"Wingdings", "F0A7", " "}, {"Arial", "2013", "–"}, {"", "", ""}, {"", "zz", ""}, {"", "0007", ""}, {"", "110000", ""},
	} {
		if got := symbol(c[0], c[1]); got != c[2] {
			t.Errorf("symbol %s %s: %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func FuzzDOCX(f *testing.F) {
	numbers := part{"numbering", numberingPart}
	for body, n := range map[string]int{
		tbl(headRow, task("1", "a", "")): 1,
		tbl(headRow, task("1", "a", ""), tr(tc(`<w:vMerge/>`, ""), "b"), task("2", p("c", `<w:del>`+run("d")+`</w:del>`), "")): 2,
		tbl(headRow, task(numbered("1", "0", ""), "a", ""), task(numbered("1", "0", ""), "b", "")):                             2,
		tbl(tr(`<w:trPr><w:gridBefore w:val="3"/></w:trPr>`, tc(`<w:gridSpan w:val="9"/>`, "a"))):                              0,
		p("a", `<w:r><w:fldChar w:fldCharType="begin"/></w:r>`):                                                                0,
		"</w:body>": 0,
	} {
		if doc, _ := readDOCX(docxFile(f, body, numbers)); len(doc.Rows) != n {
			f.Errorf("%s: %d tasks, want %d", body, len(doc.Rows), n)
		}
		f.Add([]byte(`<w:document ` + spaces + `><w:body>` + body + `</w:body></w:document>`))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		doc, err := readDOCX(zipFile(t, docxParts(string(document), numbers)...))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "plan.docx: ") || strings.Contains(err.Error(), "\n") || len(doc.Rows) != 0 {
				t.Fatalf("error %q, %d rows", err, len(doc.Rows))
			}
			return
		}
		if len(doc.Rows) == 0 {
			t.Fatal("no task and no error")
		}
		for _, r := range doc.Rows {
			if r.No == "" || r.Content == "" || r.Line < 1 {
				t.Fatalf("row %+v", r)
			}
			for _, s := range []string{r.Lead, r.Coordinating, r.Content, r.Deadline, r.Product, r.Note} {
				if s != tasks.Clean(s) {
					t.Fatalf("%q is not clean", s)
				}
			}
		}
	})
}

func BenchmarkReadDOCX(b *testing.B) {
	const rows = 20_000
	var body strings.Builder
	body.WriteString("<w:tbl>" + headRow)
	props := `<w:tcW w:w="3130" w:type="dxa"/><w:tcBorders><w:left w:val="double" w:sz="2" w:space="0" w:color="808080"/></w:tcBorders><w:vAlign w:val="center"/>`
	for i := range rows {
		cells := []string{fmt.Sprint(i + 1), fmt.Sprintf("Rà soát, hoàn thiện quy trình nội bộ số %d thuộc thẩm quyền giải quyết", i*7919%10007), "Các phòng, ban, ngành; UBND các phường-xã", "Tháng 6/2023", "Báo cáo", ""}
		for j, c := range cells {
			cells[j] = tc(props, `<w:p><w:pPr><w:pStyle w:val="TableContents"/><w:jc w:val="left"/></w:pPr>`+run(c)+`</w:p>`)
		}
		body.WriteString(tr(cells...))
	}
	data := docxFile(b, body.String()+"</w:tbl>")
	peak := watchHeap(b)
	for b.Loop() {
		if doc, err := readDOCX(data); err != nil || len(doc.Rows) != rows {
			b.Fatalf("%d rows, error %v", len(doc.Rows), err)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(peak()/(1<<20), "peak-MB")
}

// A table without numbers goes on over a page, as another table.
func TestReadDOCXUnnumbered(t *testing.T) {
	t.Parallel()
	rows := tbl(headRow, tr("CÔNG AN", "", "", "", "", ""), tr("", "a", "", "30/6/2023", "", "")) + p() + tbl(tr("", "b", "", "30/7/2023", "", "")) + tbl(tr("Nơi nhận", "CHỦ TỊCH"))
	doc, err := readDOCX(docxFile(t, rows))
	if want := "1|CÔNG AN|a|30/6/2023\n2|CÔNG AN|b|30/7/2023\n"; err != nil || summary(doc.Rows) != want {
		t.Errorf("%s%v, want\n%s", summary(doc.Rows), err, want)
	}
	if len(doc.Notices) != 1 || !strings.HasPrefix(doc.Notices[0], "table 1, row 3: no task has a number") {
		t.Errorf("notices %q", doc.Notices)
	}
}
