package tasks

import (
	"fmt"
	"slices"
	"strings"
)

// Directory finds units by code, name and alias. It does not change once made.
type Directory struct {
	units    []Unit
	byCode   map[string]Unit
	byPhrase map[string]string // nameKey of a name or alias -> code
	audience map[string][]Unit
	phrases  []phrase
	longest  int // the most words that stand in one phrase

	reaches func(Kind, UnitRef) bool
}

// Reach tells Review how to find out whether any rule for a kind of task
// reaches its lead unit.
func (d *Directory) Reach(reaches func(kind Kind, lead UnitRef) bool) { d.reaches = reaches }

// UnitProblem is something wrong with the units of a config.
type UnitProblem struct {
	Code   string // of the unit
	Field  string // code, name, aliases, members or superior
	Value  string // what stands there
	Reason string
}

func (p UnitProblem) Error() string {
	return fmt.Sprintf("unit %s: %s: %s (got %q)", p.Code, p.Field, p.Reason, p.Value)
}

// NewDirectory makes a directory and reports everything that is wrong with the
// units: a missing or repeated code, an empty name, a name or alias that means
// two units, a member or superior that is no unit, groups that contain
// themselves. With problems the directory still answers: of two units that
// claim a name, the first has it.
func NewDirectory(units []Unit) (*Directory, []UnitProblem) {
	d := &Directory{
		units:    slices.Clone(units),
		byCode:   make(map[string]Unit, len(units)),
		byPhrase: make(map[string]string, 3*len(units)),
		audience: make(map[string][]Unit, len(units)),
	}
	var problems []UnitProblem
	report := func(code, field, value, reason string) {
		problems = append(problems, UnitProblem{code, field, value, reason})
	}
	for _, u := range units {
		if _, taken := d.byCode[u.Code]; taken || u.Code == "" {
			report(u.Code, "code", u.Code, "must be given, and only once")
			continue
		}
		d.byCode[u.Code] = u
	}
	for _, u := range units {
		if nameKey(u.Name) == "" {
			report(u.Code, "name", u.Name, "must not be empty")
		} else {
			d.claim(u, "name", u.Name, report)
		}
		for _, alias := range u.Aliases {
			if nameKey(alias) == "" {
				report(u.Code, "aliases", alias, "must not be empty")
				continue
			}
			d.claim(u, "aliases", alias, report)
		}
		for _, member := range u.Members {
			if _, ok := d.byCode[member]; !ok {
				report(u.Code, "members", member, "is not the code of a unit")
			}
		}
		if _, ok := d.byCode[u.Superior]; !ok && u.Superior != "" {
			report(u.Code, "superior", u.Superior, "is not the code of a unit")
		}
		if u.Superior == u.Code && u.Code != "" {
			report(u.Code, "superior", u.Superior, "is the unit itself")
		}
	}
	// A code counts as a name last: plans never use it, people on the command line do.
	for _, u := range units {
		if owner, taken := d.byPhrase[nameKey(u.Code)]; taken && owner != u.Code && u.Code != "" {
			report(u.Code, "code", u.Code, meansAlready(owner))
		}
		d.phrases = append(d.phrases, phrase{u.Code, []rune(Bare(u.Code))})
	}
	for _, u := range d.byCode {
		d.audience[u.Code] = d.told(u, map[string]bool{})
	}
	return d, append(problems, d.cycles()...)
}

// claim records that words mean a unit.
func (d *Directory) claim(u Unit, field, words string, report func(code, field, value, reason string)) {
	key := nameKey(words)
	if owner, taken := d.byPhrase[key]; taken && owner != u.Code {
		report(u.Code, field, words, meansAlready(owner))
		return
	}
	d.byPhrase[key] = u.Code
	d.phrases = append(d.phrases, phrase{u.Code, bareName(words)})
	d.longest = max(d.longest, strings.Count(key, " ")+1)
}

func meansAlready(code string) string { return "means the unit " + code + " already" }

// cycles reports each group that contains itself, once a cycle.
func (d *Directory) cycles() []UnitProblem {
	var problems []UnitProblem
	const walking, walked = 1, 2
	seen := map[string]int{}
	var walk func(u Unit)
	walk = func(u Unit) {
		seen[u.Code] = walking
		for _, code := range u.Members {
			member, ok := d.byCode[code]
			switch {
			case !ok || seen[code] == walked:
			case seen[code] == walking:
				problems = append(problems, UnitProblem{u.Code, "members", code, "makes the group a member of itself"})
			default:
				walk(member)
			}
		}
		seen[u.Code] = walked
	}
	for _, u := range d.units {
		if seen[u.Code] == 0 {
			walk(u)
		}
	}
	return problems
}

// told returns the units that are told when u is, leaving out those seen.
func (d *Directory) told(u Unit, seen map[string]bool) []Unit {
	if seen[u.Code] {
		return nil
	}
	seen[u.Code] = true
	if len(u.Members) == 0 {
		return []Unit{u}
	}
	var out []Unit
	for _, code := range u.Members {
		if member, ok := d.byCode[code]; ok {
			out = append(out, d.told(member, seen)...)
		}
	}
	if u.reachable() {
		out = append(out, u)
	}
	return out
}

// reachable reports whether the unit itself has an address on any channel.
func (u Unit) reachable() bool {
	for _, addresses := range u.Addresses {
		if len(addresses) > 0 {
			return true
		}
	}
	return false
}

// Unit returns the unit with a code.
func (d *Directory) Unit(code string) (Unit, bool) {
	u, ok := d.byCode[code]
	return u, ok
}

// Units returns all units in the order in which they were given.
func (d *Directory) Units() []Unit { return slices.Clone(d.units) }

// Audience returns who is told when a unit is: a plain unit itself; of a group
// the members, of groups among them theirs, each once and in order, then the
// group itself if it has an address. Nil for no unit's code. The slice belongs
// to the directory.
func (d *Directory) Audience(code string) []Unit { return d.audience[code] }

// Match returns the code of the unit that words mean: its name or an alias, in
// any spelling with the same nameKey, or its code.
func (d *Directory) Match(text string) (code string, ok bool) {
	if code, ok = d.byPhrase[nameKey(text)]; ok {
		return code, true
	}
	u, ok := d.byCode[Fold(text)]
	return u.Code, ok
}

// Resolve returns the task with its units as this directory knows them: codes
// that are missing, or that no unit has any more, are looked for again from
// the words. The task given is not changed.
func (d *Directory) Resolve(t Task) Task {
	if !d.knows(t.Lead) {
		t.Lead.Code, _ = d.Match(t.Lead.Text)
	}
	if !slices.ContainsFunc(t.Coordinating, func(r UnitRef) bool { return !d.knows(r) }) {
		return t
	}
	refs := make([]UnitRef, 0, len(t.Coordinating)+1)
	for _, ref := range t.Coordinating {
		if d.knows(ref) {
			refs = append(refs, ref)
		} else {
			refs = append(refs, d.Split(ref.Text)...)
		}
	}
	t.Coordinating = refs
	return t
}

func (d *Directory) knows(ref UnitRef) bool {
	_, ok := d.byCode[ref.Code]
	return ok
}
