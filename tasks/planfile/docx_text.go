package planfile

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"nhacviec/tasks"
)

// flow is the text of a cell, or of the document around its tables.
type flow struct {
	text      strings.Builder // lines
	carry     string          // of paragraphs whose end is deleted: it goes on in the next
	uncounted bool            // Word shows no number here
}

func (f *flow) add(paragraph string) {
	if f.text.Len() > 0 {
		f.text.WriteByte('\n')
	}
	f.text.WriteString(paragraph)
}

// take returns what is there and begins anew.
func (f *flow) take() string {
	s := f.text.String()
	f.text.Reset()
	return s
}

func (f *flow) end() string {
	if f.carry != "" {
		f.add(f.carry)
		f.carry = ""
	}
	return f.take()
}

// paragraph is one as it is read.
type paragraph struct {
	text     strings.Builder
	style    string
	item     listItem
	goesOn   bool   // its end is deleted
	inResult []bool // of each open field: whether its result has begun
}

func (d *docx) paragraph(into *flow) error {
	var p paragraph
	d.auto = false
	if err := d.inline(&p, into); err != nil {
		return err
	}
	text := into.carry + p.text.String()
	if p.goesOn {
		into.carry = text
		return nil
	}
	into.carry = ""
	if !into.uncounted {
		label, known := d.counts.next(p.item, p.style)
		if (d.auto || !known) && d.inCell && strings.TrimSpace(text) == "" {
			return d.saidf("the number is one that Word counts in a way only it knows; type the numbers into the cells")
		}
		if d.room -= len(label); d.room < 0 {
			return errLong
		}
		if label != "" {
			text = label + " " + text
		}
	}
	into.add(text)
	return nil
}

// inline reads what is in a paragraph, or in what wraps a part of it.
func (d *docx) inline(p *paragraph, into *flow) error {
	return d.content(func(name string, _ xml.StartElement) error {
		switch {
		case name == "pPr":
			return d.paragraphStyle(p)
		case name == "r", name == "m:r":
			return d.run(p, into)
		case strings.HasPrefix(name, "m:"):
			if name == "m:den" {
				p.text.WriteByte('/')
			}
			return d.inline(p, into)
		}
		return d.skip()
	})
}

func (d *docx) paragraphStyle(p *paragraph) error {
	return d.children(func(e xml.StartElement) (err error) {
		switch tag(e) {
		case "pStyle":
			p.style = attr(e, "val")
		case "numPr":
			p.item, err = d.listItem()
			return err
		case "rPr": // of the paragraph's end
			return d.children(func(e xml.StartElement) error {
				if name := tag(e); name == "del" || name == "moveFrom" {
					p.goesOn = true
				}
				return d.skip()
			})
		}
		return d.skip()
	})
}

// run reads text of one look.
func (d *docx) run(p *paragraph, into *flow) error {
	shown := d.styles.lookOf(p.style)
	write := func(s string) error { return d.write(p, shown, s) }
	return d.content(func(name string, e xml.StartElement) error {
		switch name {
		case "rPr":
			own, style, err := d.look()
			shown = own.or(d.styles.lookOf(style)).or(shown)
			return err
		case "t", "m:t":
			s, err := d.text(d.room)
			if err != nil {
				return err
			}
			return write(spaced(s, attr(e, "space") == "preserve"))
		case "instrText":
			s, err := d.text(maxToken)
			d.auto = d.auto || numbersItself(s)
			return err
		case "drawing", "pict", "object":
			return d.boxes(into)
		case "ruby", "rubyBase":
			return d.inline(p, into)
		}
		var err error
		switch name {
		case "tab", "ptab":
			err = write(" ")
		case "br", "cr":
			err = write("\n")
		case "noBreakHyphen":
			err = write("-")
		case "sym":
			err = write(symbol(attr(e, "font"), attr(e, "char")))
		case "fldChar":
			p.field(attr(e, "fldCharType"))
		}
		if err != nil {
			return err
		}
		return d.skip()
	})
}

// spaced returns a text without the white space that only lays out the file.
func spaced(s string, preserve bool) string {
	if preserve || !strings.Contains(s, "\n") {
		return s
	}
	return strings.TrimSpace(s)
}

func (p *paragraph) field(kind string) {
	last := len(p.inResult) - 1
	switch {
	case kind == "begin":
		p.inResult = append(p.inResult, false)
	case last < 0:
	case kind == "separate":
		p.inResult[last] = true
	case kind == "end":
		p.inResult = p.inResult[:last]
	}
}

// numbersItself reports a field whose number Word shows without keeping it.
func numbersItself(instruction string) bool {
	return strings.Contains(instruction, "AUTONUM") || strings.Contains(instruction, "LISTNUM")
}

func (d *docx) write(p *paragraph, l look, s string) error {
	if d.room -= len(s); d.room < 0 {
		return errLong
	}
	for _, result := range p.inResult {
		if !result {
			return nil
		}
	}
	switch {
	case d.asked > 0:
		return nil
	case l.hidden == yes:
		d.hide(tasks.Clean(s))
		return nil
	case l.caps == yes:
		s = strings.ToUpper(s)
	}
	p.text.WriteString(s)
	return nil
}

// boxes reads the text boxes of a drawing. In a cell they are its words; others
// stand beside the text: stamps, letterheads.
func (d *docx) boxes(into *flow) error {
	return d.content(func(name string, _ xml.StartElement) error {
		switch {
		case name != "txbxContent":
			return d.boxes(into)
		case d.inCell:
			auto := d.auto
			err := d.tableInCell(into)
			d.auto = auto
			return err
		}
		return d.content(func(name string, _ xml.StartElement) error {
			if name == "tbl" && d.boxTable == 0 {
				d.boxTable = d.line
			}
			return d.skip()
		})
	})
}

// hide keeps a text that is left out, to be told.
func (d *docx) hide(text string) {
	if text == "" {
		return
	}
	if d.leftOut++; d.leftOut == 1 {
		d.firstOut = fmt.Sprintf("%s, %.60q", d.spans.place(d.line), text)
	}
}

// tellLeftOut says what is not read but might matter.
func (d *docx) tellLeftOut() {
	if d.leftOut > 0 {
		d.notices = append(d.notices, fmt.Sprintf("hidden text is left out, %d times; the first: %s", d.leftOut, d.firstOut))
	}
	if d.boxTable != 0 {
		d.notices = append(d.notices, fmt.Sprintf("%s: a table in a text box is left out; if it has tasks, move it out of the box", d.spans.place(d.boxTable)))
	}
}

// symbols are the signs of Word's fonts for them that mean something in a text;
// the others adorn.
var symbols = map[string]map[rune]string{
	"symbol": {
		'\u002d': "-", '\u00a3': "≤", '\u00b3': "≥", '\u00b1': "±", '\u00b4': "×", '\u00ae': "→", '\u00b0': "°", '\u00b9': "≠", '\u00b8': "÷", '\u00a4': "/",
	},
	"wingdings": {
		'\u00fc': "✓", '\u00fb': "✗", '\u00fe': "☑", '\u00fd': "☒", '\u00a8': "☐", '\u006f': "☐", '\u00e0': "→",
	},
}

// symbol returns a sign by its font and its number in hexadecimal.
func symbol(font, char string) string {
	n, err := strconv.ParseUint(char, 16, 16)
	if err != nil || n < ' ' {
		return ""
	}
	r := rune(n)
	private := r >= 0xf000 && r <= 0xf0ff
	if private {
		r -= 0xf000
	}
	font = strings.ToLower(font)
	if s, ok := symbols[font][r]; ok {
		return s
	}
	switch {
	case font == "symbol" && strings.ContainsRune("0123456789()+,./:;<=>[]%&!?| ", r):
		return string(r)
	case private || font == "symbol" || strings.HasPrefix(font, "wingdings") || font == "webdings":
		return " "
	}
	return string(r)
}
