package planfile

import (
	"bufio"
	"bytes"
	"html"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	renderer "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"

	"nhacviec/tasks"
)

// ReadMarkdown reads a plan from GitHub-flavoured Markdown, UTF-8. The name is
// used in errors only, which are of the form name:line: what is wrong.
func ReadMarkdown(name string, data []byte) (Document, error) {
	s, err := file{name: name, data: data, limits: DefaultLimits()}.readMarkdown()
	if err != nil {
		return Document{}, err
	}
	return s.document()
}

func (f file) readMarkdown() (sheet, error) {
	m := markdown{sheet: sheet{name: f.name}}
	data := bytes.TrimPrefix(f.data, []byte("\xef\xbb\xbf"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	m.source = data
	m.starts = append(m.starts, 0)
	for i, b := range data {
		if b == '\n' {
			m.starts = append(m.starts, i+1)
		}
	}
	if err := m.checkText(); err != nil {
		return sheet{}, err
	}
	root := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(data))
	if err := m.walk(root); err != nil {
		return sheet{}, err
	}
	return m.sheet, nil
}

type markdown struct {
	sheet
	source []byte
	starts []int // where each line starts
}

// lineOf returns the line, from 1, of a place in the source.
func (m *markdown) lineOf(pos int) int {
	return sort.SearchInts(m.starts, pos+1)
}

// rawLine returns a line, from 1, without its end.
func (m *markdown) rawLine(n int) []byte {
	end := len(m.source)
	if n < len(m.starts) {
		end = m.starts[n] - 1
	}
	return m.source[m.starts[n-1]:end]
}

func (m *markdown) checkText() error {
	if i := bytes.IndexByte(m.source, 0); i >= 0 {
		return m.errorf(m.lineOf(i), "a NUL byte: not a Markdown text; save it as UTF-8")
	}
	if utf8.Valid(m.source) {
		return nil
	}
	for i := 0; i < len(m.source); {
		r, n := utf8.DecodeRune(m.source[i:])
		if r == utf8.RuneError && n == 1 {
			return m.errorf(m.lineOf(i), "not UTF-8 text; save it as UTF-8")
		}
		i += n
	}
	return nil
}

// walk collects the tables and the lines outside of them. A line that looks
// like a row but belongs to no table is refused, for its task would be lost.
func (m *markdown) walk(root ast.Node) error {
	inTable := make([]bool, len(m.starts)+1)
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		if n.Kind() != extast.KindTable {
			return ast.WalkContinue, nil
		}
		var t table
		for row := n.FirstChild(); row != nil; row = row.NextSibling() {
			r, err := m.record(row)
			if err != nil {
				return ast.WalkStop, err
			}
			inTable[r.line] = true
			if row.Kind() == extast.KindTableHeader {
				inTable[r.line+1] = true // the line of dashes
			}
			t = append(t, r)
		}
		m.tables = append(m.tables, t)
		return ast.WalkSkipChildren, nil
	})
	if err != nil {
		return err
	}
	for n := 1; n <= len(m.starts); n++ {
		if inTable[n] {
			continue
		}
		raw := bytes.TrimSpace(m.rawLine(n))
		if len(raw) > 1 && raw[0] == '|' {
			return m.errorf(n, "a table row outside of any table; a table wants a header row, a row of dashes with as many columns, and no empty line in it")
		}
		if s := tasks.Clean(strings.Trim(string(raw), "#*_> ")); s != "" {
			m.prose = append(m.prose, line{n, s})
		}
	}
	return nil
}

func (m *markdown) record(row ast.Node) (record, error) {
	pos := m.start(row)
	r := record{line: m.lineOf(pos)}
	raw, _, _ := bytes.Cut(m.source[pos:], []byte("\n")) // without the ">" of a quotation
	for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
		r.cells = append(r.cells, m.text(cell))
	}
	given := splitCells(raw)
	if len(given) == 1 && !bytes.Contains(raw, []byte("|")) {
		return r, m.errorf(r.line, "text right below a table; put an empty line between them, or the text in a row")
	}
	for _, extra := range given[min(len(given), len(r.cells)):] {
		if len(bytes.TrimSpace(extra)) > 0 {
			return r, m.errorf(r.line, "a row of %d cells in a table of %d columns; write a | that is text as \\|", len(given), len(r.cells))
		}
	}
	return r, nil
}

// start returns where a row starts in the source. The library knows it for
// rows, but not for the header: there the cells tell, and for a header without
// any the row that comes behind the dashes.
func (m *markdown) start(row ast.Node) int {
	if row.Kind() != extast.KindTableHeader {
		return row.Pos()
	}
	if first := row.FirstChild(); first.Lines().Len() > 0 {
		pos := first.Lines().At(0).Start
		begin := m.starts[m.lineOf(pos)-1]
		if bar := bytes.IndexByte(m.source[begin:pos], '|'); bar >= 0 {
			return begin + bar
		}
		return pos
	}
	if next := row.NextSibling(); next != nil {
		return m.starts[m.lineOf(next.Pos())-3]
	}
	return row.Parent().Pos()
}

// splitCells splits a line as a table row is.
func splitCells(raw []byte) [][]byte {
	raw = bytes.TrimSpace(raw)
	raw = bytes.TrimPrefix(raw, []byte("|"))
	var cells [][]byte
	start := 0
	for i, b := range raw {
		if b == '|' && (i == 0 || raw[i-1] != '\\') {
			cells = append(cells, raw[start:i])
			start = i + 1
		}
	}
	if start < len(raw) || len(cells) == 0 {
		cells = append(cells, raw[start:])
	}
	return cells
}

// text returns the words of a cell. Mark-up is dropped, <br> is a space.
func (m *markdown) text(cell ast.Node) string {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	ast.Walk(cell, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			if n.IsRaw() {
				renderer.DefaultWriter.RawWrite(w, n.Segment.Value(m.source))
			} else {
				renderer.DefaultWriter.Write(w, n.Segment.Value(m.source))
			}
			if n.SoftLineBreak() || n.HardLineBreak() {
				w.WriteByte(' ')
			}
		case *ast.String:
			renderer.DefaultWriter.Write(w, n.Value)
		case *ast.AutoLink:
			renderer.DefaultWriter.RawWrite(w, n.Label(m.source))
		case *ast.RawHTML:
			var tag []byte
			for i := range n.Segments.Len() {
				s := n.Segments.At(i)
				tag = append(tag, s.Value(m.source)...)
			}
			if lower := bytes.ToLower(tag); bytes.HasPrefix(lower, []byte("<br")) || bytes.HasPrefix(lower, []byte("<p")) || bytes.HasPrefix(lower, []byte("</p")) {
				w.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	w.Flush()
	return tasks.Clean(html.UnescapeString(b.String()))
}
