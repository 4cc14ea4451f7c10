package planfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadDOCXCountsNumbers(t *testing.T) {
	t.Parallel()
	row := func(num, level, content string) string {
		return tr(numbered(num, level, ""), content, "", "", "", "")
	}
	styled := func(style, content string) string {
		return tr(tc("", `<w:p><w:pPr><w:pStyle w:val="`+style+`"/></w:pPr></w:p>`), content, "", "", "", "")
	}
	unit := func(name string) string { return tr(tc(`<w:gridSpan w:val="6"/>`, name)) }
	numbers := func(more string) string {
		return strings.Replace(numberingPart, "</w:numbering>", more+"</w:numbering>", 1)
	}
	styles := part{"styles", `<w:styles ` + spaces + `>` +
		`<w:style w:styleId="Number"><w:basedOn w:val="Base"/></w:style>` +
		`<w:style w:styleId="Base"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>` +
		`<w:style w:styleId="Sub"><w:pPr><w:numPr><w:numId w:val="3"/></w:numPr></w:pPr></w:style>` +
		`<w:style w:styleId="List"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>`}
	for _, c := range []struct {
		name, rows, numbering string
		want                  string // number and content of each task
	}{
		{"one after the other, over lead units and text", row("1", "0", "a") + unit("CÔNG AN") + row("1", "0", "b") + tr("", "c", "", "", "", "") + row("1", "0", "d"), numberingPart, "1 a, 2 b c, 3 d"},
		{"levels", row("1", "0", "a") + row("1", "1", "b") + row("1", "1", "c") + row("1", "0", "d") + row("1", "1", "e"), numberingPart, "1 a, 1.a b, 1.b c, 2 d, 2.a e"},
		{"begun anew", row("1", "0", "a") + row("2", "0", "b") + row("2", "0", "c"), numberingPart, "1 a, 5 b, 6 c"},
		{"by a style, and one that it is based on", styled("Number", "a") + styled("Base", "b") + styled("None", "c"), numberingPart, "1 a, 2 b c"},
		{
			"a level by its style", styled("Sub", "a") + styled("Sub", "b"),
			numbers(`<w:abstractNum w:abstractNumId="8">` + lvl(0, "upperRoman", "%1") + lvl(1, "decimal", "%2", `<w:pStyle w:val="Sub"/>`) + `</w:abstractNum><w:num w:numId="3"><w:abstractNumId w:val="8"/></w:num>`),
			"1 a, 2 b",
		},
		{
			"a list that is another style's", row("4", "0", "a"),
			numbers(`<w:abstractNum w:abstractNumId="9"><w:numStyleLink w:val="List"/></w:abstractNum><w:num w:numId="4"><w:abstractNumId w:val="9"/></w:num>`), "1 a",
		},
		{
			"another look of one level, no restart, decimal for all", row("5", "0", "a") + row("5", "1", "b") + row("5", "0", "c") + row("5", "1", "d"),
			numbers(`<w:abstractNum w:abstractNumId="9">` + lvl(0, "upperRoman", "%1") + lvl(1, "decimal", "x", `<w:lvlRestart w:val="0"/>`) + `</w:abstractNum>` +
				`<w:num w:numId="5"><w:abstractNumId w:val="9"/><w:lvlOverride w:ilvl="1">` + lvl(1, "decimalZero", "%1.%2", `<w:isLgl/>`, `<w:lvlRestart w:val="0"/>`) + `</w:lvlOverride>` +
				`<w:lvlOverride w:ilvl="0">` + lvl(0, "decimal", "%1") + `</w:lvlOverride></w:num>`),
			"1 a, 1.1 b, 2 c, 2.2 d",
		},
		{
			"a deleted row, a merged cell and a deleted end of paragraph are not counted",
			row("1", "0", "a") + strings.Replace(row("1", "0", "x"), "<w:tr>", `<w:tr><w:trPr><w:del/></w:trPr>`, 1) +
				tr(strings.Replace(numbered("1", "0", ""), "<w:tc>", `<w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr>`, 1), "b", "", "", "", "") +
				tr(strings.Replace(numbered("1", "0", ""), "<w:tc>", `<w:tc><w:tcPr><w:vMerge/></w:tcPr>`, 1), "c", "", "", "", "") +
				tr(strings.Replace(numbered("1", "0", ""), "</w:pPr>", `<w:rPr><w:del/></w:rPr></w:pPr></w:p><w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr>`, 1), "d", "", "", "", ""),
			numberingPart, "1 a, 2 b c, 3 d",
		},
		{"in the words of a task too", tr("1", numbered("1", "1", "a"), "", "", "", ""), numberingPart, "1 1.a) a"},
		{
			"bullets, also in place of a number, and a format that says little in a text",
			tr("1", numbered("6", "0", "a"), "", "", "", "") + tr(numbered("6", "0", ""), "b", "", "", "", "") + tr("2", numbered("6", "1", "c"), "", "", "", "") + tr("3", numbered("6", "2", "d"), "", "", "", ""),
			numbers(`<w:abstractNum w:abstractNumId="9">` + lvl(0, "bullet", "-") + lvl(1, "bullet", "\uf0b7") + lvl(2, "chicago", "%2") + `</w:abstractNum><w:num w:numId="6"><w:abstractNumId w:val="9"/></w:num>`),
			"1 - a, 1.1 b, 2 • c, 3 d",
		},
		{"numbering 0 is none, an unknown one too", tr(numbered("0", "0", "1"), "a", "", "", "", "") + tr(numbered("99", "0", "2"), "b", "", "", "", ""), numberingPart, "1 a, 2 b"},
		{
			"a new format and the old one", row("7", "0", "a"),
			numbers(`<w:abstractNum w:abstractNumId="9"><w:lvl w:ilvl="0"><w:start w:val="3"/><mc:AlternateContent><mc:Choice Requires="w14"><w:numFmt w:val="custom"/></mc:Choice>` +
				`<mc:Fallback><w:numFmt w:val="decimal"/></mc:Fallback></mc:AlternateContent><w:lvlText w:val="%1"/></w:lvl></w:abstractNum><w:num w:numId="7"><w:abstractNumId w:val="9"/></w:num>`), "3 a",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc, err := readDOCX(docxFile(t, tbl(headRow+c.rows), part{"numbering", c.numbering}, styles))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range doc.Rows {
				got = append(got, string(r.No)+" "+r.Content)
			}
			if diff := cmp.Diff(c.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("tasks (-want +got):\n%s", diff)
			}
		})
	}
}

// A number that cannot be told must not make its task the rest of the one above.
func TestReadDOCXRefusesNumbersOnlyWordKnows(t *testing.T) {
	t.Parallel()
	wordy := part{"numbering", strings.ReplaceAll(numberingPart, `"%1."`, `"`+strings.Repeat("a", 81)+`"`)}
	if _, err := readDOCX(docxFile(t, tbl(headRow, task(numbered("1", "0", ""), "b", "")), wordy)); err == nil || !strings.HasPrefix(err.Error(), "plan.docx: table 1, row 2: the number is") {
		t.Errorf("a number of many words: error %v", err)
	}
	odd := part{"numbering", strings.ReplaceAll(numberingPart, `"decimal"`, `"vietnameseCounting"`)}
	for name, number := range map[string]string{
		"an odd format": numbered("1", "0", ""),
		"a field":       p(`<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> AUTONUM </w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>`),
		"a short field": p(`<w:fldSimple w:instr=" LISTNUM "/>`),
		"white space":   numbered("1", "0", " "),
	} {
		_, err := readDOCX(docxFile(t, tbl(headRow, task("1", "a", ""), task(number, "b", "")), odd))
		if want := "plan.docx: table 1, row 3: the number is one that Word counts in a way only it knows;"; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s …", name, err, want)
		}
	}
}

func TestFormatNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n            int
		format, want string
		ok           bool
	}{
		{3, "decimal", "3", true},
		{0, "decimal", "0", true},
		{3, "", "3", true},
		{3, "decimalZero", "03", true},
		{12, "decimalZero", "12", true},
		{1, "lowerLetter", "a", true},
		{26, "upperLetter", "Z", true},
		{28, "lowerLetter", "bb", true},
		{0, "lowerLetter", "", false},
		{1994, "upperRoman", "MCMXCIV", true},
		{4, "lowerRoman", "iv", true},
		{0, "upperRoman", "", false},
		{2_000_000_000, "upperRoman", "", false},
		{2_000_000_000, "upperLetter", "", false},
		{3, "none", "", true},
		{3, "ordinal", "", false},
	} {
		if got, ok := formatNumber(c.n, c.format); got != c.want || ok != c.ok {
			t.Errorf("%d as %q: %q, %v; want %q, %v", c.n, c.format, got, ok, c.want, c.ok)
		}
	}
}
