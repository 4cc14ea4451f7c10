package tasks

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Clean returns text in NFC with every run of white space, the non-breaking
// kinds too, made one space, and none at the ends. All text that comes from
// outside passes through it once, at the border.
func Clean(s string) string {
	return strings.Join(strings.Fields(norm.NFC.String(s)), " ")
}
