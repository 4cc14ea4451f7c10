package planfile

import (
	"bufio"
	"bytes"
	"html"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	renderer "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

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

// readMarkdown finds the tables line by line and leaves to goldmark only what
// is in a cell: on whole files it takes time that grows with their square.
func (f file) readMarkdown() (sheet, error) {
	source, err := f.text()
	if err != nil {
		return sheet{}, err
	}
	m := &markdown{sheet: sheet{name: f.name, limits: f.limits}, inline: newInline()}
	for raw := range bytes.Lines(source) {
		if m.line++; len(raw) > cellsInRow*f.limits.Cell {
			return sheet{}, m.cellTooLong(m.line, f.limits)
		}
		if err := m.add(string(bytes.TrimSuffix(raw, []byte("\n")))); err != nil {
			return sheet{}, err
		}
	}
	if err := m.flush(); err != nil {
		return sheet{}, err
	}
	m.endTable()
	return m.sheet, nil
}

// markdown reads a text line by line. A line is kept until the next tells
// whether it is the header of a table.
type markdown struct {
	sheet
	inline parser.Parser
	work   int // what mark-up has cost so far

	line  int    // of the line that was read last
	kept  string // the line above, if kept
	keeps bool
	width int // of the table being read; 0: none
	table table
	rows  int
	taken int    // cells in them
	until string // what ends the code or the comment that the line is in; "": it is in none
	cells arena
}

func (m *markdown) add(raw string) error {
	indented := strings.HasPrefix(raw, "    ") || strings.HasPrefix(raw, "\t")
	s := unquoted(raw)
	if m.width > 0 {
		if s != "" {
			return m.row(s)
		}
		m.endTable()
		return nil
	}
	switch {
	case m.until != "":
		if strings.Contains(s, m.until) {
			m.until = ""
		}
	case strings.HasPrefix(s, "```"), strings.HasPrefix(s, "~~~"):
		m.until = s[:3]
	case strings.HasPrefix(s, "<!--") && !strings.Contains(s, "-->"):
		m.until = "-->"
	case m.keeps && !indented && delimiterRow(s) > 0 && delimiterRow(s) == len(splitCells(m.kept)):
		m.keeps, m.width = false, delimiterRow(s)
		return m.rowAt(m.line-1, m.kept)
	case !indented:
		err := m.flush()
		m.kept, m.keeps = s, s != ""
		return err
	}
	if err := m.flush(); err != nil {
		return err
	}
	return m.addLine(m.line, s)
}

// flush makes prose of the line that was kept.
func (m *markdown) flush() error {
	if !m.keeps {
		return nil
	}
	m.keeps = false
	return m.addLine(m.line-1, m.kept)
}

// addLine adds a line of prose. One that looks like a row but belongs to no
// table is refused, for its task would be lost.
func (m *markdown) addLine(n int, s string) error {
	if len(s) > 1 && s[0] == '|' {
		return m.errorf(n, "a table row outside of any table; a table wants a header row, a row of dashes with as many columns, and no empty line in it")
	}
	if s = tasks.Clean(strings.Trim(s, "#*_> ")); s != "" {
		if len(m.prose) == m.limits.Rows {
			return m.errorf(n, "more than %d lines of text, the max_rows of [import]; a plan has fewer", m.limits.Rows)
		}
		m.prose = append(m.prose, line{n, s})
	}
	return nil
}

func (m *markdown) endTable() {
	if m.width > 0 {
		m.tables = append(m.tables, m.table)
		m.table, m.width = nil, 0
	}
}

func (m *markdown) row(s string) error {
	if !strings.Contains(s, "|") {
		return m.errorf(m.line, "text right below a table; put an empty line between them, or the text in a row")
	}
	return m.rowAt(m.line, s)
}

func (m *markdown) rowAt(n int, s string) error {
	if m.rows++; m.rows > m.limits.Rows {
		return m.tooManyRows(n, m.limits)
	}
	given := splitCells(s)
	if filledWidth(given) > m.width {
		return m.errorf(n, "a row of %d cells in a table of %d columns; write a | that is text as \\|", len(given), m.width)
	}
	if m.width > maxColumns {
		return m.tooManyCells(n)
	}
	if m.taken += m.width; m.taken > m.limits.cells() {
		return m.tooManyInAll(n, m.limits)
	}
	r := record{n, m.cells.take(m.width)}
	for i, cell := range given[:min(len(given), m.width)] {
		if len(cell) > m.limits.Cell {
			return m.cellTooLong(n, m.limits)
		}
		var err error
		if r.cells[i], err = m.cell(n, cell); err != nil {
			return err
		}
	}
	m.table = append(m.table, r)
	return nil
}

// unquoted drops the space around a line and the marks of a quotation.
func unquoted(s string) string {
	s = strings.Trim(s, " \t\v\f")
	for strings.HasPrefix(s, ">") {
		s = strings.TrimLeft(s[1:], " \t")
	}
	return s
}

// delimiterRow returns the number of columns of a line of dashes below a
// header, |---|:-:|, and 0 for any other line.
func delimiterRow(s string) int {
	s = strings.Trim(unquoted(s), " \n\r")
	if !strings.Contains(s, "-") || strings.Trim(s, "|:- \t") != "" {
		return 0
	}
	n := strings.Count(strings.TrimSuffix(strings.TrimPrefix(s, "|"), "|"), "|") + 1
	if n == 1 && !strings.Contains(s, "|") {
		return 0
	}
	return n
}

// splitCells splits a line as a table row is.
func splitCells(raw string) []string {
	raw = strings.TrimPrefix(raw, "|")
	var cells []string
	start := 0
	for i := range len(raw) {
		if raw[i] == '|' && (i == 0 || raw[i-1] != '\\') {
			cells = append(cells, strings.TrimSpace(raw[start:i]))
			start = i + 1
		}
	}
	if rest := strings.TrimSpace(raw[start:]); rest != "" || len(cells) == 0 {
		cells = append(cells, rest)
	}
	return cells
}

const (
	markup  = "`*_[<&\\" // what begins any
	maxWork = 1 << 30    // nanoseconds or so
)

// work estimates what goldmark needs for a cell: for each mark it may look
// through the rest.
func work(s string) int {
	marks := 0
	for i := range len(s) {
		if strings.IndexByte(markup, s[i]) >= 0 {
			marks++
		}
	}
	return 1000 + marks*(400+2*len(s))
}

// cell returns the words of a cell. Mark-up is dropped, <br> is a space.
func (m *markdown) cell(n int, s string) (string, error) {
	s = strings.ReplaceAll(s, `\|`, "|")
	if !strings.ContainsAny(s, markup) {
		return tasks.Clean(s), nil
	}
	if m.work += work(s); m.work > maxWork {
		return "", m.errorf(n, "more mark-up (%s) than a plan has; take it out, or save the plan as .docx or .csv", markup)
	}
	source := []byte(s)
	return words(m.inline.Parse(text.NewReader(source)), source), nil
}

// newInline returns a parser that takes all text for one paragraph.
func newInline() parser.Parser {
	return parser.NewParser(
		parser.WithBlockParsers(util.Prioritized(parser.NewParagraphParser(), 1)),
		parser.WithInlineParsers(parser.DefaultInlineParsers()...),
	)
}

func words(root ast.Node, source []byte) string {
	var b bytes.Buffer
	w := bufio.NewWriterSize(&b, 256)
	ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			if n.IsRaw() {
				renderer.DefaultWriter.RawWrite(w, n.Segment.Value(source))
			} else {
				renderer.DefaultWriter.Write(w, n.Segment.Value(source))
			}
			if n.SoftLineBreak() || n.HardLineBreak() {
				w.WriteByte(' ')
			}
		case *ast.String:
			renderer.DefaultWriter.Write(w, n.Value)
		case *ast.AutoLink:
			renderer.DefaultWriter.RawWrite(w, n.Label(source))
		case *ast.RawHTML:
			var tag []byte
			for i := range n.Segments.Len() {
				s := n.Segments.At(i)
				tag = append(tag, s.Value(source)...)
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
