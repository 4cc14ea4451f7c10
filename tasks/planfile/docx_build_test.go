package planfile

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

const (
	wordSpace  = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
	officeRels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	spaces     = `xmlns:w="` + wordSpace + `" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" ` +
		`xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"`
)

// docxFile is a DOCX with a body and, by their names, other parts of word/.
func docxFile(t testing.TB, body string, others ...part) []byte {
	t.Helper()
	return zipFile(t, docxParts(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`+
		`<w:document `+spaces+`><w:body>`+body+`</w:body></w:document>`, others...)...)
}

func docxParts(document string, others ...part) []part {
	rels := ""
	parts := []part{
		{"_rels/.rels", relsPart(related("officeDocument", "word/document.xml"))},
		{"word/document.xml", document},
	}
	for _, o := range others {
		rels += related(o.name, o.name+".xml")
		parts = append(parts, part{"word/" + o.name + ".xml", o.text})
	}
	return append(parts, part{"word/_rels/document.xml.rels", relsPart(rels)})
}

func relsPart(s string) string {
	return `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + s + `</Relationships>`
}

func related(kind, target string) string {
	return fmt.Sprintf(`<Relationship Id="r%s" Type="%s/%s" Target="%s"/>`, kind, officeRels, kind, target)
}

// p, tc, tr and tbl write what Word writes. Text that begins with "<" is mark-up.
func p(texts ...string) string {
	var b strings.Builder
	b.WriteString("<w:p>")
	for _, s := range texts {
		b.WriteString(run(s))
	}
	return b.String() + "</w:p>"
}

func run(s string) string {
	if strings.HasPrefix(s, "<") {
		return s
	}
	return `<w:r><w:t xml:space="preserve">` + s + `</w:t></w:r>`
}

func tc(props string, content ...string) string {
	s := ""
	if props != "" {
		s = "<w:tcPr>" + props + "</w:tcPr>"
	}
	for _, c := range content {
		if strings.HasPrefix(c, "<w:p>") || strings.HasPrefix(c, "<w:p ") || strings.HasPrefix(c, "<w:tbl>") || strings.HasPrefix(c, "<w:sdt>") {
			s += c
		} else {
			s += p(c)
		}
	}
	return "<w:tc>" + s + "</w:tc>"
}

func tr(cells ...string) string {
	s := ""
	for _, c := range cells {
		if !strings.HasPrefix(c, "<w:tc>") && !strings.HasPrefix(c, "<w:trPr>") && !strings.HasPrefix(c, "<w:sdt>") {
			c = tc("", c)
		}
		s += c
	}
	return "<w:tr>" + s + "</w:tr>"
}

func tbl(rows ...string) string {
	return "<w:tbl>" + strings.Join(rows, "") + "</w:tbl>"
}

// headRow is the header row of the seed plan.
var headRow = tr("STT", "Nội dung", "Đơn vị phối hợp", "Thời gian", "Sản phẩm", "Ghi chú")

// numbered is a cell with a paragraph that Word numbers.
func numbered(num, level, text string) string {
	return tc("", `<w:p><w:pPr><w:numPr><w:ilvl w:val="`+level+`"/><w:numId w:val="`+num+`"/></w:numPr></w:pPr>`+run(text)+`</w:p>`)
}

// numberingPart has a list of Word's as 1 and, begun anew, as 2.
var numberingPart = `<w:numbering ` + spaces + `><w:abstractNum w:abstractNumId="7">` +
	lvl(0, "decimal", "%1.") + lvl(1, "lowerLetter", "%1.%2)") + lvl(2, "upperRoman", "%3") +
	`</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>` +
	`<w:num w:numId="2"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num></w:numbering>`

func lvl(i int, format, text string, more ...string) string {
	return fmt.Sprintf(`<w:lvl w:ilvl="%d"><w:start w:val="1"/><w:numFmt w:val="%s"/><w:lvlText w:val="%s"/>%s</w:lvl>`, i, format, text, strings.Join(more, ""))
}

// watchHeap returns a function that stops watching and says how many bytes the
// heap came to beyond what it was.
func watchHeap(b testing.TB) func() float64 {
	b.Helper()
	runtime.GC()
	before := heap()
	var most uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				most = max(most, heap())
			}
		}
	}()
	return func() float64 {
		close(stop)
		<-done
		return float64(most - min(most, before))
	}
}

func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
