package planfile

import (
	"bytes"
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// onsets are the consonants that begin a Vietnamese syllable.
var onsets = strings.Fields("ngh ng nh gh gi kh ch ph qu th tr b c d đ g h k l m n p r s t v x")

// rhymes are the rest of a syllable, without its tone. Those behind "qu" and
// "gi" are among them.
var rhymes = func() map[string]bool {
	all := map[string]bool{}
	for _, r := range strings.Fields(`
		a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
		e ec em en eng eo ep et ê êch êm ên êng ênh êp êt êu
		i ia ich iêc iêm iên iêng iêp iêt iêu im in inh ip it iu
		o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oem oen oeo oet oi om on ong ooc oong op ot
		ô ôc ôi ôm ôn ông ôông ôp ôt ơ ơi ơm ơn ơng ơp ơt
		u ua uân uâng uât uây uc uê uêch uênh uêu ui um un ung uôc uôi uôm uôn uông uôt up ut uơ uơn uy uya uych uyên uyêt uyn uynh uyp uyt uyu
		ư ưa ưc ưi ưm ưn ưng ươc ươi ươm ươn ương ươp ươt ươu ưt ưu
		y ych yêm yên yêng yêt yêu ym yn ynh yt`) {
		all[r] = true
	}
	return all
}()

// toneless are all syllables without their tone.
var toneless = func() map[string]bool {
	all := maps.Clone(rhymes)
	for rhyme := range rhymes {
		for _, on := range onsets {
			all[on+rhyme] = true
		}
		if strings.HasPrefix(rhyme, "i") {
			all["g"+rhyme] = true // gì, giếng
		}
	}
	return all
}()

const (
	vowels    = "aăâeêioôơuưy"
	toneMarks = "\u0300\u0301\u0303\u0309\u0323" // huyền, sắc, ngã, hỏi, nặng
)

// tones are the letters with a tone: what they are without, and which it is.
var tones = func() map[rune][2]rune {
	all := map[rune][2]rune{}
	for _, v := range vowels {
		for _, tone := range toneMarks {
			r, _ := utf8.DecodeRuneInString(norm.NFC.String(string([]rune{v, tone})))
			all[r] = [2]rune{v, tone}
		}
	}
	return all
}()

// syllable reports a word in NFC that can be Vietnamese: by its letters, and by
// its tone, which is sắc or nặng before c, ch, p and t.
func syllable(word string) bool {
	var tone rune
	letters := make([]byte, 0, 16)
	for _, r := range word {
		r = unicode.ToLower(r)
		if r == 'ð' { // typed for it on old keyboards
			r = 'đ'
		}
		if t, ok := tones[r]; ok {
			if tone != 0 {
				return false
			}
			r, tone = t[0], t[1]
		}
		letters = utf8.AppendRune(letters, r)
		if len(letters) > 12 {
			return false
		}
	}
	switch letters[len(letters)-1] {
	case 'c', 'p', 't':
		return toneless[string(letters)] && (tone == '\u0301' || tone == '\u0323')
	case 'h':
		if bytes.HasSuffix(letters, []byte("ch")) && tone != '\u0301' && tone != '\u0323' {
			return false
		}
	}
	return toneless[string(letters)]
}

// quotation is what stands around words in text of any encoding.
const quotation = "“”‘’«»…–—•"

// vietnamese reports text of which some word has marks, and each that has is a
// syllable.
func vietnamese(s string) bool {
	found := false
	for word := range strings.FieldsFuncSeq(norm.NFC.String(s), func(r rune) bool { return r < 0x80 && !unicode.IsLetter(r) || strings.ContainsRune(quotation, r) }) {
		word = strings.ReplaceAll(word, "\u00ad", "") // where a line may break
		if isASCII(word) {
			continue
		}
		if !syllable(word) {
			return false
		}
		found = true
	}
	return found
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
