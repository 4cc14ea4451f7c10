package planfile

import (
	"encoding/xml"
	"strconv"
	"strings"
)

const (
	maxLevels = 9      // of a list
	maxLabel  = 80     // bytes of a number with its words, "Nhiệm vụ 3.1."
	maxLists  = 20_000 // and uses of them; old documents gather some thousand
)

// wordNumbers counts the paragraphs that Word numbers by itself: a number that it
// shows stands nowhere in the text.
type wordNumbers struct {
	lists map[string]*list     // by abstractNumId
	nums  map[string]*listUser // by numId
	style wordStyles
}

// list is a list's look and how far it has come.
type list struct {
	levels [maxLevels]level
	counts [maxLevels]int // 0: not begun
	link   string         // the style that says what the list is like
}

type level struct {
	format  string // "decimal"
	text    string // "%1.%2."
	start   int
	restart int  // the level, from 1, that begins it anew; 0 none, -1 any higher one
	legal   bool // all numbers are decimal
	style   string
}

// listUser is one use of a list; it may begin anew, or look otherwise.
type listUser struct {
	list   string
	starts map[int]int
	levels map[int]level
}

func newWordNumbers(style wordStyles) *wordNumbers {
	return &wordNumbers{lists: map[string]*list{}, nums: map[string]*listUser{}, style: style}
}

func (n *wordNumbers) read(x *xmlPart, _ xml.StartElement) error {
	return x.children(func(e xml.StartElement) error {
		if len(n.lists)+len(n.nums) > maxLists {
			return excess("more than %d lists", maxLists)
		}
		switch tag(e) {
		case "abstractNum":
			return n.readList(x, attr(e, "abstractNumId"))
		case "num":
			return n.readUser(x, attr(e, "numId"))
		}
		return x.skip()
	})
}

func (n *wordNumbers) readList(x *xmlPart, id string) error {
	l := &list{}
	for i := range l.levels {
		l.levels[i].restart = -1
	}
	n.lists[id] = l
	return x.children(func(e xml.StartElement) error {
		switch tag(e) {
		case "numStyleLink":
			l.link = attr(e, "val")
		case "lvl":
			if i, ok := levelOf(attr(e, "ilvl")); ok {
				return x.level(&l.levels[i])
			}
		}
		return x.skip()
	})
}

func (n *wordNumbers) readUser(x *xmlPart, id string) error {
	u := &listUser{starts: map[int]int{}, levels: map[int]level{}}
	n.nums[id] = u
	return x.children(func(e xml.StartElement) error {
		i, ok := levelOf(attr(e, "ilvl"))
		switch {
		case tag(e) == "abstractNumId":
			u.list = attr(e, "val")
		case tag(e) == "lvlOverride" && ok:
			return x.children(func(e xml.StartElement) error {
				switch tag(e) {
				case "startOverride":
					u.starts[i] = number32(attr(e, "val"))
				case "lvl":
					l := level{restart: -1}
					err := x.level(&l)
					u.levels[i] = l
					return err
				}
				return x.skip()
			})
		}
		return x.skip()
	})
}

// level reads a lvl. Of alternatives the last is taken: the others are formats
// of newer Words.
func (x *xmlPart) level(l *level) error {
	return x.children(func(e xml.StartElement) error {
		switch tag(e) {
		case "mc:AlternateContent", "mc:Choice", "mc:Fallback":
			return x.level(l)
		case "start":
			l.start = number32(attr(e, "val"))
		case "numFmt":
			l.format = attr(e, "val")
		case "lvlText":
			l.text = attr(e, "val")
		case "lvlRestart":
			l.restart = number32(attr(e, "val"))
		case "isLgl":
			l.legal = on(e)
		case "pStyle":
			l.style = attr(e, "val")
		}
		return x.skip()
	})
}

func levelOf(s string) (int, bool) {
	i, err := strconv.Atoi(s)
	return i, err == nil && i >= 0 && i < maxLevels
}

// number32 reads a number that Word keeps in 32 bits; 0 for none.
func number32(s string) int {
	n, _ := strconv.ParseInt(s, 10, 32)
	return int(n)
}

// next counts a paragraph of a style and a numbering of its own, and returns
// the number or bullet that Word shows before it, "" for none. It is not ok
// if nobody but Word can tell the number.
func (n *wordNumbers) next(item listItem, style string) (label string, ok bool) {
	by := ""
	if item.num == "" {
		level := item.level
		if item, by = n.style.listOf(style); level != "" {
			item.level = level
		}
	}
	u, l := n.find(item.num)
	if l == nil {
		return "", true
	}
	at, known := levelOf(item.level)
	if !known {
		for i := range l.levels {
			if by != "" && l.levels[i].style == by {
				at = i
			}
		}
	}
	n.count(u, l, at)
	return l.label(u, at)
}

// find returns a numbering's list, through the styles that lists may name.
func (n *wordNumbers) find(num string) (*listUser, *list) {
	u := n.nums[num]
	if u == nil {
		return nil, nil
	}
	l := n.lists[u.list]
	for range maxBased {
		if l == nil || l.link == "" {
			break
		}
		linked := n.nums[n.style[l.link].list.num]
		if linked == nil {
			break
		}
		l = n.lists[linked.list]
	}
	return u, l
}

func (n *wordNumbers) count(u *listUser, l *list, at int) {
	start, anew := u.starts[at]
	switch {
	case anew:
		delete(u.starts, at)
		l.counts[at] = start
	case l.counts[at] == 0:
		l.counts[at] = l.level(u, at).start
	default:
		l.counts[at]++
	}
	for i := at + 1; i < maxLevels; i++ {
		if r := l.level(u, i).restart; r < 0 || at < r {
			l.counts[i] = 0
		}
	}
}

func (l *list) level(u *listUser, at int) level {
	if over, ok := u.levels[at]; ok {
		return over
	}
	return l.levels[at]
}

func (l *list) label(u *listUser, at int) (string, bool) {
	shown := l.level(u, at)
	switch {
	case shown.format == "none":
		return "", true
	case shown.format == "bullet":
		return bullet(shown.text), true
	}
	s := shown.text
	if len(s) > maxLabel {
		return "", false
	}
	for i := range maxLevels {
		hole := "%" + itoa(i+1)
		if !strings.Contains(s, hole) {
			continue
		}
		of := l.level(u, i)
		n := l.counts[i]
		if n == 0 {
			n = of.start
		}
		if shown.legal {
			of.format = "decimal"
		}
		text, ok := formatNumber(n, of.format)
		if !ok {
			return "", false
		}
		s = strings.ReplaceAll(s, hole, text)
	}
	return s, len(s) <= maxLabel
}

// bullet returns a bullet as people type it; most are letters of odd fonts.
func bullet(text string) string {
	switch text {
	case "", "-", "–", "—", "+", "*":
		return text
	}
	return "•"
}

func formatNumber(n int, format string) (string, bool) {
	switch format {
	case "", "decimal":
		return itoa(n), true
	case "decimalZero":
		if n >= 0 && n < 10 {
			return "0" + itoa(n), true
		}
		return itoa(n), true
	case "none":
		return "", true
	case "lowerLetter":
		s := strings.ToLower(letters(n))
		return s, s != ""
	case "upperLetter":
		s := letters(n)
		return s, s != ""
	case "lowerRoman":
		s := strings.ToLower(roman(n))
		return s, s != ""
	case "upperRoman":
		s := roman(n)
		return s, s != ""
	}
	return "", false
}

// letters counts A … Z, AA, BB … as Word does.
func letters(n int) string {
	if n <= 0 || n > 780 {
		return ""
	}
	return strings.Repeat(string(rune('A'+(n-1)%26)), (n-1)/26+1)
}

func roman(n int) string {
	if n <= 0 || n >= 32768 {
		return ""
	}
	var b strings.Builder
	for _, d := range []struct {
		value int
		text  string
	}{{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"}, {90, "XC"}, {50, "L"}, {40, "XL"}, {10, "X"}, {9, "IX"}, {5, "V"}, {4, "IV"}, {1, "I"}} {
		for n >= d.value {
			b.WriteString(d.text)
			n -= d.value
		}
	}
	return b.String()
}
