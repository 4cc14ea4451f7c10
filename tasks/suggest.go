package tasks

import (
	"cmp"
	"slices"
	"strings"
)

// phrase is a name, alias or code of a unit, without diacritics.
type phrase struct {
	code string
	bare []rune
}

// bareName returns the words of a name as suggestions compare them.
func bareName(s string) []rune { return []rune(Bare(strings.Join(nameWords(s), " "))) }

// mostSuggestions is how many near misses a person wants to read.
const mostSuggestions = 3

// Suggest returns the codes of units whose name, alias or code is nearly the
// words, the nearest first, at most three: a few letters differ, only the
// diacritics differ, or one contains the other. It is for asking a person;
// nothing is ever chosen by it.
func (d *Directory) Suggest(text string) []string {
	words, typed := bareName(text), []rune(Bare(text)) // typed: for codes
	if len(words) == 0 {
		return nil
	}
	distance := map[string]int{} // code -> of its nearest phrase
	for _, p := range d.phrases {
		length := min(len(words), len(p.bare))
		limit := min(length/3, 2+length/20)
		n := min(editDistance(words, p.bare, limit), editDistance(typed, p.bare, limit))
		if n > limit && containsWords(string(words), string(p.bare)) {
			n = limit
		}
		if best, seen := distance[p.code]; n <= limit && (!seen || n < best) {
			distance[p.code] = n
		}
	}
	codes := make([]string, 0, len(distance))
	for code := range distance {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b string) int {
		return cmp.Or(cmp.Compare(distance[a], distance[b]), cmp.Compare(a, b))
	})
	return codes[:min(len(codes), mostSuggestions)]
}

// containsWords reports whether the shorter of two texts, two words at least,
// stands whole in the longer.
func containsWords(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	return strings.Contains(b, " ") && strings.Contains(" "+a+" ", " "+b+" ")
}

// editDistance counts the letters to insert, delete or replace between a and
// b. Past limit it stops counting and returns limit+1.
func editDistance(a, b []rune, limit int) int {
	if max(len(a)-len(b), len(b)-len(a)) > limit {
		return limit + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		diagonal := row[0]
		row[0] = i + 1
		best := row[0]
		for j, y := range b {
			change := diagonal
			if x != y {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
			best = min(best, row[j+1])
		}
		if best > limit {
			return limit + 1
		}
	}
	return min(row[len(b)], limit+1)
}
