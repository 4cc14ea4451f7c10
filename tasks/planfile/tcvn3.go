package planfile

import (
	"strings"
	"unicode"
)

// telling reports a word that is Vietnamese in TCVN3, and by one of its letters
// can be no word as it stands: "so¸t", "chØ". One such is enough, where others
// only may be names of another language.
func telling(word string) bool {
	letters := []rune(word)
	found := false
	for i := range letters {
		found = found || tells(letters, i)
	}
	if !found {
		return false
	}
	_, ok := oldEncodings[0].word(word)
	return ok && !vietnamese(word)
}

// tells reports a letter that stands where it cannot in Unicode. Signs may stand
// before or behind a word, or between those of a unit: µm, «a», Công an¹, N·m,
// 3cm×4cm, VNeID®.
func tells(word []rune, i int) bool {
	r, behind, left := word[i], i > 0, len(word)-1-i
	inside := behind && left > 0
	switch r {
	case 'µ', '¶', '¸', '¨', '¬':
		return behind
	case '«':
		return behind
	case '·':
		return behind && (left == 0 || len(word) > 3)
	case 'ª':
		return inside || behind && unicode.IsLower(word[i-1])
	case '¡', '¢', '£', '¤', '¥', '¦', '©', '¹', '»', '¼', '½', '¾':
		return inside
	case '×', '÷':
		return inside && len(word) > 3 || i > 1 && r == '×'
	case '®':
		return !behind && left > 0
	case '§':
		return !behind && left > 1 && !unicode.IsUpper(word[1])
	case 'ß', 'þ':
		return behind && strings.ContainsRune("bcdghklmnpqrstvx", unicode.ToLower(word[i-1]))
	}
	return behind && 'À' <= r && r <= 'Þ' && unicode.IsLower(word[i-1])
}
