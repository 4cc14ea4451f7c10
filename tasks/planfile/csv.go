package planfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"

	"nhacviec/tasks"
)

const (
	cellsInRow  = 64      // cells of the greatest length that a row may hold
	sepsInRow   = 100_000 // separators, those in quotes too
	sampleBytes = 1 << 20
)

// readCSV reads cells parted by commas, semicolons or tabs.
func (f file) readCSV() (sheet, error) {
	s := sheet{name: f.name, limits: f.limits}
	text, err := f.text()
	if err != nil {
		return s, err
	}
	sep, _ := separator(text)
	body := withoutSep(text)
	gone := bytes.Count(text[:len(text)-len(body)], []byte("\n"))
	r, in := newCSV(body, sep, f.limits)
	t := make(table, 0, min(1+bytes.Count(body, []byte("\n")), f.limits.Rows))
	var cells arena
	known := repeated{}
	end, taken := int64(0), 0
	for {
		fields, err := r.Read()
		if err == io.EOF {
			return s, s.addGrid(t)
		}
		if err != nil {
			from := gone + 1 + bytes.Count(body[:end], []byte("\n"))
			return s, s.csvError(err, from, gone, f.limits)
		}
		in.next()
		end = r.InputOffset()
		line, _ := r.FieldPos(0)
		line += gone
		if len(t) == f.limits.Rows {
			return s, s.tooManyRows(line, f.limits)
		}
		width := min(len(fields), maxColumns)
		if fields = fields[:filledWidth(fields)]; len(fields) > width {
			return s, s.tooManyCells(line)
		}
		if taken += width; taken > f.limits.cells() {
			return s, s.tooManyInAll(line, f.limits)
		}
		clean := cells.take(width)[:len(fields)] // the empty ones are wanted again
		for i, field := range fields {
			if len(field) > f.limits.Cell {
				return s, s.cellTooLong(line, f.limits)
			}
			clean[i] = known.one(tasks.Clean(unguarded(field)))
		}
		t = append(t, record{line, clean})
	}
}

func newCSV(text []byte, sep rune, l Limits) (*csv.Reader, *bounded) {
	in := &bounded{in: bytes.NewReader(text), sep: []byte(string(sep)), most: cellsInRow * l.Cell}
	r := csv.NewReader(in)
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = sep, -1, true
	return r, in
}

// csvError says what is wrong with the record that begins at a line or, after
// empty lines, below it.
func (s sheet) csvError(err error, from, gone int, l Limits) error {
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, errRowTooLong):
		return s.cellTooLong(from, l)
	case errors.Is(err, errRowTooWide):
		return s.tooManyCells(from)
	case !errors.As(err, &wrong):
		return s.errorf(from, "%v", err)
	case errors.Is(err, csv.ErrQuote) && wrong.Line > wrong.StartLine:
		return s.errorf(wrong.StartLine+gone, `a cell begins with " and does not end; write each " within a cell twice`)
	case errors.Is(err, csv.ErrQuote), errors.Is(err, csv.ErrBareQuote):
		return s.errorf(wrong.Line+gone, `a " within a cell; put the whole cell in quotes and write each " within it twice`)
	}
	return s.errorf(wrong.Line+gone, "%v", wrong.Err)
}

var (
	errRowTooLong = errors.New("a row too long")
	errRowTooWide = errors.New("a row too wide")
)

// bounded hands out only so much between two records, so that a field without
// end, or a row of a million fields, costs no more.
type bounded struct {
	in                 io.Reader
	sep                []byte
	handed, seps, most int
}

func (b *bounded) next() { b.handed, b.seps = 0, 0 }

func (b *bounded) Read(p []byte) (int, error) {
	switch {
	case b.handed > b.most:
		return 0, errRowTooLong
	case b.seps > sepsInRow:
		return 0, errRowTooWide
	}
	n, err := b.in.Read(p)
	b.handed += n
	b.seps += bytes.Count(p[:n], b.sep)
	return n, err
}

// separator returns what parts the cells: the one by which a header row is
// there, else, with false, the one that occurs most.
func separator(text []byte) (rune, bool) {
	text = text[:min(len(text), sampleBytes)]
	if rest := withoutSep(text); len(rest) < len(text) {
		return rune(text[len("sep=")]), true
	}
	most, count := ',', -1
	for _, sep := range ";,\t" {
		if hasHeader(text, sep) {
			return sep, true
		}
		if n := bytes.Count(text, []byte(string(sep))); n > count {
			most, count = sep, n
		}
	}
	return most, false
}

func hasHeader(text []byte, sep rune) bool {
	r, in := newCSV(text, sep, DefaultLimits())
	var t table
	for range headerWithin {
		fields, err := r.Read()
		if err != nil {
			break
		}
		in.next()
		if fields = fields[:filledWidth(fields)]; len(fields) > maxColumns {
			return false
		}
		clean := make([]string, len(fields))
		for i, field := range fields {
			clean[i] = tasks.Clean(field)
		}
		t = append(t, record{1, clean})
	}
	for i := range t {
		if _, n := headerAt(narrow(t[i:min(i+2, len(t))]), 0); n > 0 {
			return true
		}
	}
	return false
}

// withoutSep drops the line "sep=;" by which Excel is told what parts cells.
func withoutSep(text []byte) []byte {
	if len(text) > 6 && bytes.EqualFold(text[:4], []byte("sep=")) && text[5] == '\n' && bytes.IndexByte([]byte(";,\t"), text[4]) >= 0 {
		return text[6:]
	}
	return text
}

// unguarded drops the ' that keeps a spreadsheet from taking text for a formula,
// the first of several: the others are the text's own.
func unguarded(s string) string {
	bare := strings.TrimLeft(s, "'")
	if len(bare) < len(s) && bare != "" && strings.ContainsRune("=+-@\t\r", rune(bare[0])) {
		return s[1:]
	}
	return s
}

// arena hands out the cells of many records from few pieces of memory.
type arena struct{ free []string }

func (a *arena) take(n int) []string {
	if n > len(a.free) {
		a.free = make([]string, max(n, 4096))
	}
	cells := a.free[:n:n]
	a.free = a.free[n:]
	return cells
}

// repeated has the cells that may come again, as most names of units and days
// do: each is held once, and none holds the rest of its record.
type repeated map[string]string

func (r repeated) one(s string) string {
	if known, ok := r[s]; ok {
		return known
	}
	s = strings.Clone(s)
	if len(r) < 10_000 && len(s) < 200 && !plain(s) {
		r[s] = s
	}
	return s
}
