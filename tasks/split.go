package tasks

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// atom is a stretch of words between two separators.
type atom struct {
	text, key string
	before    string // the separator in front of it
}

// comma is the separator that takes words apart; the others do only between
// two units that are known.
const comma = ", "

// segment is one or more atoms taken together.
type segment struct {
	atoms []atom
	code  string
}

// Split reads a list of units. A semicolon always separates. A comma separates
// unless it stands inside the name of a unit, or between words that mean no
// unit and go on in lower case ("các tổ chức, doanh nghiệp"). "và", and a dash
// or a bullet by itself, separate only two units that are both known. What
// means no unit is kept as text without a code; no word is dropped.
func (d *Directory) Split(text string) []UnitRef {
	var refs []UnitRef
	for piece := range strings.SplitSeq(Clean(text), ";") {
		cut := atoms(piece)
		if len(cut) > 1 {
			if code, ok := d.Match(piece); ok {
				refs = append(refs, UnitRef{code, strings.TrimSpace(piece)})
				continue
			}
		}
		for _, s := range d.segments(cut) {
			refs = append(refs, UnitRef{s.code, s.text()})
		}
	}
	return refs
}

// atoms cuts a piece at every comma, every "và" and every sign by itself.
func atoms(piece string) []atom {
	var out []atom
	var words []string
	before := comma
	end := func(next string) {
		if text := strings.Join(words, " "); len(words) > 0 {
			out = append(out, atom{text, nameKey(text), before})
			words, before = nil, next
		}
	}
	for _, w := range strings.Fields(strings.ReplaceAll(piece, ",", " , ")) {
		switch {
		case w == ",":
			end(comma)
		case strings.EqualFold(w, "và"), nameKey(w) == "": // ", và" separates like a comma
			end(" " + w + " ")
		default:
			words = append(words, w)
		}
	}
	end(comma)
	return out
}

// segments groups atoms into units, the longest name first, and puts together
// what must not be taken apart.
func (d *Directory) segments(atoms []atom) []segment {
	var out []segment
	for len(atoms) > 0 {
		s := d.longestKnown(atoms)
		atoms = atoms[len(s.atoms):]
		if n := len(out); n > 0 && belongs(out[n-1], s) {
			out[n-1] = segment{atoms: append(out[n-1].atoms[:len(out[n-1].atoms):len(out[n-1].atoms)], s.atoms...)}
			continue
		}
		out = append(out, s)
	}
	return out
}

// longestKnown returns the longest run of atoms from the first on that is the
// name of a unit, and the first alone when there is none.
func (d *Directory) longestKnown(atoms []atom) segment {
	for n := min(len(atoms), d.longest); n > 0; n-- {
		key := atoms[0].key
		for _, a := range atoms[1:n] {
			key += " " + a.key
		}
		if code, ok := d.byPhrase[key]; ok {
			return segment{atoms[:n], code}
		}
	}
	if code, ok := d.Match(atoms[0].text); ok {
		return segment{atoms[:1], code}
	}
	return segment{atoms: atoms[:1]}
}

// belongs reports whether a segment only goes on with the one before it.
func belongs(before, s segment) bool {
	if s.atoms[0].before != comma {
		return before.code == "" || s.code == ""
	}
	r, _ := utf8.DecodeRuneInString(s.atoms[0].text)
	return before.code == "" && s.code == "" && unicode.IsLower(r)
}

func (s segment) text() string {
	var b strings.Builder
	for i, a := range s.atoms {
		if i > 0 {
			b.WriteString(a.before)
		}
		b.WriteString(a.text)
	}
	return b.String()
}
