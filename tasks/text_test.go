package tasks

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// Every character that the short way of Clean lets pass is what the long way
// makes of it, alone and behind a letter.
func TestIsClean(t *testing.T) {
	t.Parallel()
	passed := 0
	for r := rune(0); r < 0x3100; r++ {
		for _, s := range []string{string(r), "a" + string(r), string(r) + "a", "o\u0323" + string(r)} {
			if isClean(s) {
				passed++
				if slow := strings.Join(strings.Fields(norm.NFC.String(s)), " "); slow != s {
					t.Errorf("%q passes, but is %q", s, slow)
				}
			}
		}
	}
	if passed < 2000 {
		t.Errorf("%d texts pass", passed)
	}
	for s, want := range map[string]bool{"": true, "a": true, "Đơn vị “chủ trì” – 5": true, " a": false, "a ": false, "a  b": false, "a\tb": false,
		"a\u00a0b": false, "o\u0302": false, " ": false, "a\u2003b": false, "\xff": false} {
		if isClean(s) != want {
			t.Errorf("isClean(%q) is %v", s, !want)
		}
	}
}
