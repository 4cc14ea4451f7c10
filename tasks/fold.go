package tasks

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// vowels are the letters that carry a tone in Vietnamese, plain the same
// without any mark. Each line of toned has them, in the same order, with one
// tone.
const (
	vowels = "aăâeêioôơuưy"
	plain  = "aaaeeiooouuy"
)

var toned = [...]string{
	"àằầèềìòồờùừỳ",
	"áắấéếíóốớúứý",
	"ảẳẩẻểỉỏổởủửỷ",
	"ãẵẫẽễĩõỗỡũữỹ",
	"ạặậẹệịọộợụựỵ",
}

// letter is what there is to know of a vowel.
type letter struct {
	vowel rune             // without its tone: ă of ằ
	bare  rune             // without any mark: a of ằ
	tone  int              // the line of toned that it stands in, -1 for none
	with  [len(toned)]rune // the vowel with each tone
}

// letters has every vowel, with and without tone.
var letters = func() map[rune]letter {
	m := map[rune]letter{}
	bare := []rune(plain)
	for i, v := range []rune(vowels) {
		l := letter{vowel: v, bare: bare[i], tone: -1}
		for tone, line := range toned {
			l.with[tone] = []rune(line)[i]
		}
		m[v] = l
		for tone, r := range l.with {
			l.tone = tone
			m[r] = l
		}
	}
	return m
}()

// dashes are all that people type for a hyphen.
const dashes = "-\u2010\u2011\u2012–—―−\ufe58\ufe63\uff0d"

// Fold returns the key under which spellings of one name meet: lower case, NFC,
// the tone mark on the first vowel of its syllable (Toà and Tòa, uỷ and ủy),
// every dash a hyphen without spaces, one space after a comma, repeated words
// and white space made one, no full stop, comma or semicolon at the end. It is
// idempotent. It is meant for comparing, not for reading.
func Fold(s string) string {
	out := make([]rune, 0, len(s))
	first, hasTone, dropped := -1, false, false // of the syllable: its first vowel, and whether that has the tone already
	for _, r := range norm.NFC.String(s) {
		r = unicode.ToLower(r)
		if unicode.IsLetter(r) {
			if l, ok := letters[r]; ok {
				if first < 0 {
					first = len(out)
				}
				if l.tone >= 0 && !hasTone {
					out, hasTone = append(out, l.vowel), true
					out[first] = letters[out[first]].with[l.tone]
					continue
				}
			}
			out = append(out, r)
			continue
		}
		switch {
		case unicode.IsSpace(r):
			if n := len(out); n > 0 && out[n-1] != ' ' && out[n-1] != '-' {
				out = append(out, ' ')
			}
		case strings.ContainsRune(dashes, r):
			out = append(trimSpace(out), '-')
		case r == ',':
			out = append(trimSpace(out), ',', ' ')
		case unicode.In(r, unicode.Cf, unicode.Mn): // zero-width spaces, soft hyphens, stray marks
			dropped = true
			continue
		default:
			out = append(out, r)
		}
		first, hasTone = -1, false
	}
	folded := string(out)
	if dropped {
		folded = norm.NFC.String(folded) // what stood apart may compose now
	}
	return onceEach(strings.TrimRight(folded, " .,;:"))
}

func trimSpace(out []rune) []rune {
	if n := len(out); n > 0 && out[n-1] == ' ' {
		return out[:n-1]
	}
	return out
}

// onceEach drops a word that repeats the one before it.
func onceEach(s string) string {
	return strings.Join(slices.Compact(strings.Split(s, " ")), " ")
}

// shortForms are what every office writes short.
var shortForms = map[string]string{
	"tp":   "thành phố",
	"ubnd": "ủy ban nhân dân",
	"hđnd": "hội đồng nhân dân",
}

// nameKey returns the key under which spellings of a unit's name meet: the
// words of Fold, short forms written out, without "và" and what stands for it
// (a comma, a hyphen, "&"): "Phòng Giáo dục - Đào tạo" is "Phòng Giáo dục và
// Đào tạo". A semicolon stays. It is "" for text without words.
func nameKey(s string) string {
	words := nameWords(s)
	for i, w := range words {
		words[i] = cmp.Or(shortForms[w], w)
	}
	return strings.Join(slices.Compact(words), " ")
}

// nameWords returns the words of nameKey, short forms as they are.
func nameWords(s string) []string {
	words := strings.FieldsFunc(strings.ReplaceAll(Fold(s), ";", " ; "), func(r rune) bool {
		return r != ';' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	return slices.DeleteFunc(words, func(w string) bool { return w == "và" })
}

// Bare returns Fold without diacritics, as people type who have no Vietnamese
// keyboard: "so tai chinh" for "Sở Tài chính".
func Bare(s string) string {
	return strings.Map(func(r rune) rune {
		if l, ok := letters[r]; ok {
			return l.bare
		}
		if r == 'đ' {
			return 'd'
		}
		return r
	}, Fold(s))
}
