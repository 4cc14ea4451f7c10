package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing about a config file that an admin must look at. It
// never holds a secret.
type Problem struct {
	File   string `json:"file"`   // as the path was given
	Line   int    `json:"line"`   // from 1; 0: the file as a whole
	Key    string `json:"key"`    // "units.cong-an.email[1]"; "": the file as a whole
	Reason string `json:"reason"` // what is wrong, and what would be right
	Got    string `json:"got"`    // the value; "": nothing to show
}

// String returns `file:line: key: reason (got "value")`, less what is not known.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	b.WriteString(p.Reason)
	if p.Got != "" {
		fmt.Fprintf(&b, " (got %q)", p.Got)
	}
	return b.String()
}

// ConfigError is everything wrong with a config file, by line. The command
// line exits with 78 (EX_CONFIG) on it.
type ConfigError struct {
	Problems []Problem // at least one
}

// Error returns one problem a line.
func (e *ConfigError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

func byLine(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Reason, b.Reason))
}

// shown shortens a value for a message.
func shown(value string) string {
	const limit = 80
	if r := []rune(value); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return value
}

// didYouMean returns `; did you mean "x"?` for the word most like the one
// given, and "" when none is like it.
func didYouMean(word string, words []string) string {
	best, least := "", min(3, max(1, len(word)/2))+1
	for _, w := range slices.Sorted(slices.Values(words)) {
		if d := editDistance(alike(word), alike(w)); d < least {
			best, least = w, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// alike drops the differences that people overlook.
func alike(s string) string {
	return strings.ReplaceAll(strings.ToLower(s), "-", "_")
}

// editDistance counts the letters to insert, drop, replace or swap with their
// neighbour to make b of a. Words longer than any key are not compared.
func editDistance(a, b string) int {
	const longest = 64
	s, t := []rune(a), []rune(b)
	if len(s) > longest || len(t) > longest {
		return longest
	}
	d := make([][]int, len(s)+1)
	for i := range d {
		d[i] = make([]int, len(t)+1)
		d[i][0] = i
	}
	for j := range t {
		d[0][j+1] = j + 1
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			change := 1
			if s[i-1] == t[j-1] {
				change = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+change)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(s)][len(t)]
}

// quotedList returns `"a", "b" or "c"`.
func quotedList[T ~string](words []T) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", string(w))
	}
	if last := len(quoted) - 1; last > 0 {
		return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
	}
	return strings.Join(quoted, "")
}
