package tasks

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Clean returns text in NFC with every run of white space, the non-breaking
// kinds too, made one space, and none at the ends. All text that comes from
// outside passes through it once, at the border.
func Clean(s string) string {
	if isClean(s) {
		return s
	}
	return strings.Join(strings.Fields(norm.NFC.String(s)), " ")
}

// isClean reports text of which Clean would change nothing, for the letters
// and signs that almost all text is made of.
func isClean(s string) bool {
	space := true // as if one stood in front
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s[i:])
		}
		i += n
		switch {
		case r == ' ':
			if space {
				return false
			}
			space = true
			continue
		case r > ' ' && r < 0x7f, // ASCII, Latin, Vietnamese, punctuation: none composes with what precedes it
			r >= 0xa1 && r < 0x300, r >= 0x1e00 && r < 0x1f00, r >= 0x2010 && r < 0x2028:
		default:
			return false
		}
		space = false
	}
	return !space || s == ""
}
