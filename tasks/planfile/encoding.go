package planfile

import (
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"nhacviec/tasks"
)

// Before Unicode, Vietnamese was typed in encodings of eight bits. Such text
// lives on in files: as bytes, or as the letters of Latin-1 that have the same
// codes, which only an old font shows as Vietnamese: "§¬n vÞ" for "Đơn vị".

// oldEncoding is a way in which text is not what it says.
type oldEncoding struct {
	name   string
	decode func(string) (string, bool) // of text that shows each byte as its letter in Latin-1 or Windows-1252
}

const twice = 4 // of oldEncodings

var oldEncodings = [...]oldEncoding{
	{"the old encoding TCVN3 (ABC; fonts such as .VnTime)", decodeTCVN3},
	{"the old encoding VNI (fonts such as VNI-Times)", decodeVNI},
	{"the old encoding VISCII", decodeVISCII},
	{"the old encoding Windows-1258", decode1258},
	twice: {"UTF-8 taken for another encoding", decodeTwice},
}

// From 0x80 on; "?" is no letter of Vietnamese, and a space stands for the
// letter of Latin-1. TCVN 5712:1993, VN3, where capitals with a tone are those
// of another font; VISCII 1.1 (RFC 1456) without its six letters below 0x20;
// Windows code page 1258, whose tones follow their letter.
const (
	tcvn3 = "????????????????????????????????" +
		"?ĂÂÊÔƠƯĐăâêôơưđ??????àảãáạ?ằẳẵắ?" +
		"??????ặầẩẫấậè?ẻẽéẹềểễếệìỉ???ĩíịò" +
		"?ỏõóọồổỗốộờởỡớợù?ủũúụừửữứựỳỷỹýỵ?"
	viscii = "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲ" +
		"ÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ" +
		"ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡư" +
		"àáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
	cp1258 = "????????????????????????????????" +
		"????????????????????????????????" +
		"   Ă        \u0300   Đ \u0309  Ơ       Ư\u0303 " +
		"   ă        \u0301   đ \u0323  ơ       ư? "
)

var (
	tcvn3Letters  = []rune(tcvn3)
	visciiLetters = []rune(viscii)
	cp1258Letters = []rune(cp1258)
)

func decodeTCVN3(s string) (string, bool)  { return decodeBytes(s, tcvn3Letters) }
func decodeVISCII(s string) (string, bool) { return decodeBytes(s, visciiLetters) }
func decode1258(s string) (string, bool)   { return decodeBytes(s, cp1258Letters) }

func decodeBytes(s string, letters []rune) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		c, ok := latin(r)
		if !ok {
			return "", false
		}
		if c >= 0x80 {
			switch r = letters[c-0x80]; r {
			case '?':
				return "", false
			case ' ':
				r = rune(c)
			}
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String()), true
}

// vniMarks are the bytes of VNI that stand behind a vowel, by their code for
// small letters; capitals have 0x20 less. vniLetters are letters of their own.
var (
	vniMarks = map[byte]string{
		0xf9: "\u0301", 0xf8: "\u0300", 0xfb: "\u0309", 0xf5: "\u0303", 0xef: "\u0323",
		0xe2: "\u0302", 0xe1: "\u0302\u0301", 0xe0: "\u0302\u0300", 0xe5: "\u0302\u0309", 0xe3: "\u0302\u0303", 0xe4: "\u0302\u0323",
		0xea: "\u0306", 0xe9: "\u0306\u0301", 0xe8: "\u0306\u0300", 0xfa: "\u0306\u0309", 0xfc: "\u0306\u0303", 0xeb: "\u0306\u0323",
	}
	vniLetters = map[byte]rune{0xf1: 'đ', 0xf4: 'ơ', 0xf6: 'ư', 0xed: 'í', 0xec: 'ì', 0xe6: 'ỉ', 0xf3: 'ĩ', 0xf2: 'ị', 0xee: 'ỵ'}
)

func decodeVNI(s string) (string, bool) {
	var b strings.Builder
	for _, r := range s {
		c, ok := latin(r)
		switch mark, letter := vniMarks[c|0x20], vniLetters[c|0x20]; {
		case !ok:
			return "", false
		case c < 0x80:
			b.WriteByte(c)
		case mark != "":
			b.WriteString(mark)
		case letter == 0:
			return "", false
		case c&0x20 == 0:
			b.WriteRune(unicode.ToUpper(letter))
		default:
			b.WriteRune(letter)
		}
	}
	return norm.NFC.String(b.String()), true
}

// decodeTwice reads text whose UTF-8 was taken for Latin-1, or for one of the
// old encodings. A non-breaking space at its end, as of à, is gone by now; bytes
// that are no whole letter are left out.
func decodeTwice(s string) (string, bool) {
	some := ""
	for _, letters := range []map[rune]byte{nil, cp1258Bytes, tcvn3Bytes, visciiBytes} {
		data := encode(s, letters)
		if n := len(data); n > 0 && data[n-1] == 0xc3 || n > 1 && data[n-2] == 0xe1 {
			data = append(data, 0xa0)
		}
		text := norm.NFC.String(strings.ToValidUTF8(string(data), ""))
		if vietnamese(text) {
			return text, true
		}
		if !isASCII(text) {
			some = text
		}
	}
	return some, some != ""
}

// encode returns the bytes that letters show, nil if they show none.
func encode(s string, letters map[rune]byte) []byte {
	data := make([]byte, 0, len(s))
	for _, r := range s {
		c, ok := letters[r]
		if !ok {
			c, ok = latin(r)
		}
		if !ok {
			return nil
		}
		data = append(data, c)
	}
	return data
}

var (
	tcvn3Bytes  = bytesOf(tcvn3Letters)
	visciiBytes = bytesOf(visciiLetters)
	cp1258Bytes = bytesOf(cp1258Letters)
)

func bytesOf(letters []rune) map[rune]byte {
	m := map[rune]byte{}
	for i, l := range letters {
		if l != '?' && l != ' ' {
			m[l] = byte(0x80 + i)
		}
	}
	return m
}

// windows1252 has the letters at 0x80 to 0x9f, where Latin-1 has none.
var windows1252 = []rune("€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ")

// latin returns the byte that a rune stands for in Latin-1 or Windows-1252.
func latin(r rune) (byte, bool) {
	if r < 0x100 {
		return byte(r), true
	}
	i := slices.Index(windows1252, r)
	return byte(0x80 + i), i >= 0
}

// reading is what an encoding makes of a word with marks.
type reading uint8

const (
	neither reading = iota // no word, or one that says nothing
	fixed                  // Vietnamese only when read in the encoding
	either                 // Vietnamese so and as it stands
	against                // no Vietnamese in the encoding
	readingCount
)

// readings are what each encoding makes of one word.
type readings struct {
	as    [len(oldEncodings)]reading
	tells bool // it can be nothing but TCVN3
}

// lexicon has the words that were read already: a plan of a million rows has a
// few thousand.
type lexicon map[string]readings

// maxKnown bounds the different words looked at.
const maxKnown = 100_000

// evidence is what the words of a text say of its encoding.
type evidence struct {
	counts [len(oldEncodings)][readingCount]int
	tells  int // words that can be nothing but TCVN3
}

// add counts the words of a text in NFC.
func (e *evidence) add(text string, known lexicon) {
	for word := range markedWords(text) {
		rs, ok := known[word]
		if !ok {
			if len(known) == maxKnown {
				continue
			}
			rs = readWord(word)
			known[word] = rs
		}
		for i, r := range rs.as {
			e.counts[i][r]++
		}
		if rs.tells {
			e.tells++
		}
	}
}

func (e *evidence) merge(more *evidence) {
	for i := range more.counts {
		for r, n := range more.counts[i] {
			e.counts[i][r] += n
		}
	}
}

func readWord(word string) readings {
	rs := readings{tells: telling(word)}
	asIs := vietnamese(word) && !capitalInside.MatchString(word)
	for i, old := range oldEncodings {
		_, ok := old.word(word)
		text, _ := old.decode(word)
		switch {
		case ok && asIs:
			rs.as[i] = either
		case ok:
			rs.as[i] = fixed
		case acronym(text), i == twice && (text != "" || strings.ContainsAny(word, torn)):
		case strings.ContainsFunc(word, unicode.IsLetter):
			rs.as[i] = against
		}
	}
	return rs
}

// capitalInside is no way to write Vietnamese, but how "và" looks.
var capitalInside = regexp.MustCompile(`\p{Ll}\p{Lu}`)

// torn are first bytes of Vietnamese letters in UTF-8, as the old encodings
// show them. What follows may have been taken for white space.
const torn = "ÃÄÆĂẢ"

// acronym reports a word such as HĐND.
func acronym(word string) bool {
	return strings.Contains(word, "Đ") && isASCII(strings.ReplaceAll(word, "Đ", "")) && strings.ToUpper(word) == word
}

// word reads a word in the encoding, if it then is Vietnamese.
func (o oldEncoding) word(word string) (string, bool) {
	for _, s := range []string{word, strings.Trim(word, quotation)} {
		if text, ok := o.decode(s); ok && utf8.RuneCountInString(text) > 1 && vietnamese(text) {
			return text, true
		}
	}
	return "", false
}

// markedWords are the words of a text that have more than ASCII in them.
func markedWords(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		begin, marked := 0, false
		for i := range len(text) {
			switch c := text[i]; {
			case c >= utf8.RuneSelf:
				marked = true
			case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			default:
				if marked && !yield(text[begin:i]) {
					return
				}
				begin, marked = i+1, false
			}
		}
		if marked {
			yield(text[begin:])
		}
	}
}

// sure reports the encoding in which a good part of the words are Vietnamese
// that are none as they stand. A few odd ones among others are no encoding:
// names, signs, slips of the keyboard.
func (e *evidence) sure() (oldEncoding, bool) {
	best := e.best()
	n := e.counts[best]
	return oldEncodings[best], n[fixed] >= 3 && n[fixed] > 2*n[against]
}

// whole reports the encoding of a whole file: in a short one no word must speak
// against it.
func (e *evidence) whole() (oldEncoding, bool) {
	best := e.best()
	n := e.counts[best]
	old, sure := e.sure()
	return old, sure || n[fixed] >= 1 && n[fixed]+n[either] >= 3 && n[against] == 0
}

func (e *evidence) best() int {
	best := 0
	for i, n := range e.counts {
		if m := e.counts[best]; n[fixed]-2*n[against] > m[fixed]-2*m[against] {
			best = i
		}
	}
	return best
}

func (e *evidence) anyFixed() bool {
	return slices.ContainsFunc(e.counts[:], func(n [readingCount]int) bool { return n[fixed] > 0 })
}

// oldText refuses a sheet with a cell, a row or a line of text in an old
// encoding, or whose lines together are. A word or two of TCVN3 among others of
// Unicode it only tells of.
func (s *sheet) oldText() error {
	known := lexicon{}
	var all evidence
	var odd record // the first with a word that reads better in some encoding
	var mixed []string
	look := func(r record) error {
		var here evidence
		for _, cell := range r.cells {
			var own evidence
			if own.add(cell, known); own == (evidence{}) {
				continue
			}
			tcvn3 := own.counts[0]
			old, ok := own.sure()
			switch {
			case own.tells > 0 && tcvn3[fixed] > tcvn3[against]:
				return s.oldEncoding(oldEncodings[0], record{r.line, []string{cell}})
			case ok:
				return s.oldEncoding(old, record{r.line, []string{cell}})
			case own.tells > 0:
				mixed = append(mixed, s.place(r.line))
			}
			here.merge(&own)
		}
		if old, ok := here.sure(); ok {
			return s.oldEncoding(old, r)
		}
		if odd.cells == nil && here.anyFixed() {
			odd = r
		}
		all.merge(&here)
		return nil
	}
	for _, l := range s.prose {
		if err := look(record{l.line, []string{l.text}}); err != nil {
			return err
		}
	}
	for _, t := range s.tables {
		for _, r := range t {
			if err := look(r); err != nil {
				return err
			}
		}
	}
	if old, ok := all.whole(); ok {
		return s.oldEncoding(old, odd)
	}
	if len(mixed) > 0 {
		s.notices = append(s.notices, "words that look like "+oldEncodings[0].name+" among others; if they are, convert them to Unicode with UniKey (Ctrl+Shift+F6) and import the file again: "+few(slices.Compact(mixed)))
	}
	return nil
}

func (s sheet) oldEncoding(old oldEncoding, r record) error {
	said, meant := old.example(strings.Join(r.cells, " "))
	return s.errorf(r.line, "text in %s: %q is %q; convert the file to Unicode with UniKey (Ctrl+Shift+F6) and save it anew", old.name, said, meant)
}

// example returns the first words of a text that an encoding makes Vietnamese.
func (o oldEncoding) example(text string) (said, meant string) {
	const most = 4
	var words, read []string
	for _, w := range strings.Fields(text) {
		if isASCII(w) && len(words) == 0 {
			continue
		}
		r := w
		if t, ok := o.decode(w); ok {
			r = t
		}
		if words, read = append(words, w), append(read, r); len(words) == most {
			break
		}
	}
	return tasks.Clean(strings.Join(words, " ")), tasks.Clean(strings.Join(read, " "))
}

// guessEncoding names the encoding of bytes that are not UTF-8, and what to do
// about it.
func guessEncoding(data []byte) string {
	runes := make([]rune, 0, min(len(data), 64<<10))
	for _, b := range data[:cap(runes)] {
		runes = append(runes, rune(b))
	}
	var e evidence
	e.add(string(runes), lexicon{})
	e.counts[twice] = [readingCount]int{} // as all UTF-8 looks so
	if old, ok := e.whole(); ok {
		return fmt.Sprintf("text in %s; convert the file to Unicode with UniKey (Ctrl+Shift+F6) and save it as UTF-8", old.name)
	}
	return "not UTF-8 text; save it as UTF-8"
}
