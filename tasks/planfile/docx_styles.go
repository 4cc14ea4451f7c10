package planfile

import "encoding/xml"

// wordStyles are the styles of a DOCX by their ids, as far as they change what
// is read.
type wordStyles map[string]wordStyle

type wordStyle struct {
	based string // the style's id on which it is based
	list  listItem
	look  look
}

// look is what hides letters or shows others. Word says neither yes nor no for
// most text: then the style says it.
type look struct{ hidden, caps answer }

type answer int

const (
	unsaid answer = iota
	yes
	no
)

func answerOf(e xml.StartElement) answer {
	if on(e) {
		return yes
	}
	return no
}

// or returns what l says, and where it says nothing what the other does.
func (l look) or(other look) look {
	if l.hidden == unsaid {
		l.hidden = other.hidden
	}
	if l.caps == unsaid {
		l.caps = other.caps
	}
	return l
}

// listItem is a paragraph's place in a list: the level of a numbering, "" for
// what is not said.
type listItem struct{ num, level string }

func (s wordStyles) read(x *xmlPart, _ xml.StartElement) error {
	return x.children(func(e xml.StartElement) error {
		if tag(e) != "style" {
			return x.skip()
		}
		id := attr(e, "styleId")
		var style wordStyle
		err := x.children(func(e xml.StartElement) (err error) {
			switch tag(e) {
			case "basedOn":
				style.based = attr(e, "val")
			case "pPr":
				return x.children(func(e xml.StartElement) (err error) {
					if tag(e) != "numPr" {
						return x.skip()
					}
					style.list, err = x.listItem()
					return err
				})
			case "rPr":
				style.look, _, err = x.look()
				return err
			}
			return x.skip()
		})
		s[id] = style
		return err
	})
}

// listItem reads a numPr.
func (x *xmlPart) listItem() (item listItem, err error) {
	err = x.children(func(e xml.StartElement) error {
		switch tag(e) {
		case "numId":
			item.num = attr(e, "val")
		case "ilvl":
			item.level = attr(e, "val")
		}
		return x.skip()
	})
	return item, err
}

// look reads an rPr, and the style that it names.
func (x *xmlPart) look() (l look, style string, err error) {
	err = x.children(func(e xml.StartElement) error {
		switch tag(e) {
		case "vanish":
			l.hidden = answerOf(e)
		case "caps":
			l.caps = answerOf(e)
		case "rStyle":
			style = attr(e, "val")
		}
		return x.skip()
	})
	return l, style, err
}

// maxBased bounds styles that are based on one another.
const maxBased = 20

// lookOf returns what a style and those that it is based on say.
func (s wordStyles) lookOf(id string) (l look) {
	for range maxBased {
		style, ok := s[id]
		if !ok {
			break
		}
		l = l.or(style.look)
		id = style.based
	}
	return l
}

// listOf returns the numbering of a style, and the style that says so.
func (s wordStyles) listOf(id string) (listItem, string) {
	for range maxBased {
		style, ok := s[id]
		if !ok {
			break
		}
		if style.list.num != "" {
			return style.list, id
		}
		id = style.based
	}
	return listItem{}, ""
}
