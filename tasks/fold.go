package tasks

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// vowels are the letters that carry a tone in Vietnamese. Each line of toned
// has the same letters, in the same order, with one tone.
const vowels = "aăâeêioôơuưy"

var toned = [...]string{
	"àằầèềìòồờùừỳ",
	"áắấéếíóốớúứý",
	"ảẳẩẻểỉỏổởủửỷ",
	"ãẵẫẽễĩõỗỡũữỹ",
	"ạặậẹệịọộợụựỵ",
}

// plain are the vowels without any mark.
const plain = "aaaeeiooouuy"

type tonedVowel struct {
	vowel rune
	tone  int // index into toned
}

var (
	toneOf   = map[rune]tonedVowel{}                               // ằ -> ă and its tone
	withTone = map[rune][len(toned)]rune{}                         // ă -> ằ ắ ẳ ẵ ặ
	bareOf   = map[rune]rune{'đ': 'd'}                             // ằ, ă -> a
	dashes   = []rune("-\u2010\u2011\u2012–—―−\ufe58\ufe63\uff0d") // all that people type for a hyphen
)

func init() {
	base, letters := []rune(vowels), []rune(plain)
	for i, v := range base {
		var all [len(toned)]rune
		for tone, line := range toned {
			r := []rune(line)[i]
			all[tone] = r
			toneOf[r] = tonedVowel{v, tone}
			bareOf[r] = letters[i]
		}
		withTone[v] = all
		bareOf[v] = letters[i]
	}
}

// Fold returns the key under which spellings of one name meet: lower case, NFC,
// the tone mark on the first vowel of its syllable (Toà and Tòa, uỷ and ủy),
// every dash a hyphen without spaces, one space after a comma, repeated words
// and white space made one, no full stop, comma or semicolon at the end. It is
// idempotent. It is meant for comparing, not for reading.
func Fold(s string) string {
	if !norm.NFC.IsNormalString(s) {
		s = norm.NFC.String(s)
	}
	out := make([]rune, 0, len(s))
	first, hasTone := -1, false // of the syllable: its first vowel, and whether that has the tone already
	for _, r := range s {
		r = unicode.ToLower(r)
		switch {
		case unicode.IsLetter(r):
			v, isToned := toneOf[r]
			if isToned && !hasTone {
				r, hasTone = v.vowel, true
			} else {
				isToned = false
			}
			if first < 0 && withTone[r] != [len(toned)]rune{} {
				first = len(out)
			}
			out = append(out, r)
			if isToned {
				out[first] = withTone[out[first]][v.tone]
			}
			continue
		case unicode.Is(unicode.Cf, r): // zero-width spaces, joiners, soft hyphens
			continue
		case unicode.IsSpace(r):
			if n := len(out); n > 0 && out[n-1] != ' ' && out[n-1] != '-' {
				out = append(out, ' ')
			}
		case slices.Contains(dashes, r):
			out = append(trimSpace(out), '-')
		case r == ',':
			out = append(trimSpace(out), ',', ' ')
		default:
			out = append(out, r)
		}
		first, hasTone = -1, false
	}
	return onceEach(strings.TrimRight(string(out), " .,;:"))
}

func trimSpace(out []rune) []rune {
	if n := len(out); n > 0 && out[n-1] == ' ' {
		return out[:n-1]
	}
	return out
}

// onceEach drops a word that repeats the one before it.
func onceEach(s string) string {
	words := strings.Split(s, " ")
	kept := slices.Compact(words)
	return strings.Join(kept, " ")
}

// Bare returns Fold without diacritics, as people type who have no Vietnamese
// keyboard: "so tai chinh" for "Sở Tài chính".
func Bare(s string) string {
	return strings.Map(func(r rune) rune {
		if b, ok := bareOf[r]; ok {
			return b
		}
		return r
	}, Fold(s))
}
