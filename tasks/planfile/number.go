package planfile

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"nhacviec/tasks"
)

func itoa(n int) string { return strconv.Itoa(n) }

var (
	taskNumber    = regexp.MustCompile(`^\(?((?:(?:[A-ZĐ][.-])?(?:[IVXLC]{1,7}|[A-ZĐ])[.-])?)(\d{1,9}(?:\.(?:\d{1,4}|[a-zđ]))*)([a-zđ]?)[.)/:]*$`)
	letterNumber  = regexp.MustCompile(`^\(?([a-zđ])[.)/:]*$`)
	sectionNumber = regexp.MustCompile(`^\(?([IVXLC]{1,7}|[A-ZĐ])[.)/:]*$`)
	sectionTitle  = regexp.MustCompile(`^([IVXLC]{1,7}|[A-ZĐ]|\d{1,3})\s*[.)/:]\s*(\D.*)$`)
	markedContent = regexp.MustCompile(`^(?:([a-zđ])\)|[-–+•])\s*(\S.*)$`)
)

// parseNumber reads "21", "21.", "(3)", "03", "3.a", "3a", "II.2".
func parseNumber(s string) (tasks.Number, bool) {
	if plain(s) {
		return tasks.Number(s), true
	}
	m := taskNumber.FindStringSubmatch(packed(s))
	if m == nil {
		return "", false
	}
	parts := strings.Split(m[2], ".")
	if m[3] != "" {
		parts = append(parts, m[3])
	}
	for i, p := range parts {
		if n, err := strconv.Atoi(p); err == nil {
			parts[i] = itoa(n)
		}
	}
	if m[1] != "" {
		parts = append([]string{strings.ReplaceAll(m[1][:len(m[1])-1], "-", ".")}, parts...)
	}
	return tasks.Number(strings.Join(parts, ".")), true
}

// numberLike reports a cell that can only be a task's or a section's number.
func numberLike(s string) bool {
	if plain(s) {
		return true
	}
	_, ok := parseNumber(s)
	return ok || letterNumber.MatchString(packed(s)) || sectionNumber.MatchString(packed(s))
}

// plain reports a number of digits only, the usual one.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 9 && (s[0] != '0' || len(s) == 1)
}

// packed drops the spaces of "I . 2".
func packed(s string) string {
	if len(s) > 20 {
		return s
	}
	return strings.ReplaceAll(s, " ", "")
}

// parent returns the number that a letter or a dash stands under: 3 for 3 and
// for 3.a, 3.1 for 3.1.
func parent(n tasks.Number) tasks.Number {
	head, last, ok := cutLast(n)
	if ok && letterNumber.MatchString(last) {
		return head
	}
	return n
}

func cutLast(n tasks.Number) (tasks.Number, string, bool) {
	i := strings.LastIndexByte(string(n), '.')
	if i < 0 {
		return "", string(n), false
	}
	return n[:i], string(n[i+1:]), true
}

// isUnder reports whether a number is that of a sub-task of another.
func isUnder(n, above tasks.Number) bool {
	return above != "" && len(n) > len(above) && n[len(above)] == '.' && n[:len(above)] == above
}

var bullets = map[string]bool{"-": true, "–": true, "—": true, "+": true, "*": true, "•": true, "\uf0b7": true, "\uf02d": true} // the last are Word's

// section is a run of rows under one section row, or under one header when a
// file has several task tables.
type section struct {
	label string // "II", "A.II"; "" when the row has none
	lead  string
}

// distinguish gives the rows of all sections the section's label in front when
// a number occurs in more than one, as when each begins at 1 again. Within one
// section a number that is there twice is an error.
func (g *gatherer) distinguish() error {
	if g.ascending {
		return nil
	}
	type place struct {
		section int32
		no      tasks.Number
	}
	line := make(map[place]int, len(g.rows))
	in := make(map[tasks.Number]int32, len(g.rows))
	var again tasks.Number
	for i, row := range g.rows {
		p := place{g.of[i], row.No}
		if before, twice := line[p]; twice {
			return g.errorf(row.Line, "task %s is there twice, first in %s", row.No, g.place(before))
		}
		line[p] = row.Line
		if first, seen := in[row.No]; seen && first != p.section && again == "" {
			again = row.No
		}
		in[row.No] = p.section
	}
	if again == "" {
		return nil
	}
	labels := g.labels()
	line = make(map[place]int, len(g.rows))
	var example tasks.Number
	for i := range g.rows {
		row := &g.rows[i]
		if label := labels[g.of[i]]; label != "" && row.No[0] >= '0' && row.No[0] <= '9' {
			if row.No == again {
				example = tasks.Number(label) + "." + again
			}
			row.No = tasks.Number(label) + "." + row.No
		}
		p := place{0, row.No}
		if before, twice := line[p]; twice {
			return g.errorf(row.Line, "task %s is there twice, first in %s", row.No, g.place(before))
		}
		line[p] = row.Line
	}
	g.notices = append(g.notices, fmt.Sprintf("numbers begin anew in each section, so they have the section's in front: task %s there is %s here", again, example))
	return nil
}

// labels returns what tells the sections apart: their own labels, or their
// ordinals in Roman figures. Rows above the first labelled section have none.
func (g *gatherer) labels() []string {
	labels := make([]string, len(g.sections))
	seen := map[string]bool{}
	own := true
	used := make([]bool, len(g.sections))
	for _, s := range g.of {
		used[s] = true
	}
	for i, s := range g.sections {
		if !used[i] || i == 0 && s.label == "" {
			continue
		}
		own = own && s.label != "" && !seen[s.label]
		seen[s.label], labels[i] = true, s.label
	}
	if own && len(seen) > 0 {
		return labels
	}
	n := 0
	for i := range g.sections {
		if used[i] {
			n++
			labels[i] = roman(n)
		}
	}
	return labels
}
