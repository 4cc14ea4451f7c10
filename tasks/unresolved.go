package tasks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Unresolved is words of plans that mean no unit of the config.
type Unresolved struct {
	Text  string     `json:"text"`  // as first found; other spellings of the same name count with it
	Times int        `json:"times"` //
	Leads int        `json:"leads"` // of those, where it names the lead unit
	Tasks []Key      `json:"tasks"` // each once
	Like  []string   `json:"like"`  // codes of the units that are nearly called so, as Suggest has them
	Cures []UnitCure `json:"cures"` // any of them settles it: an alias of each unit in Like, or a new unit
}

// UnitCure is lines of config.toml that give words a unit.
type UnitCure struct {
	Unit string `json:"unit"` // its code
	New  bool   `json:"new"`  // the unit is not in the config yet
	TOML string `json:"toml"` // of a new unit its table; else the whole aliases key, for the unit's table
}

// FindUnresolved lists the words in the tasks that mean no unit, the most
// frequent first. Tasks that are done or cancelled need nothing. A task that
// names no lead at all has no words; Review has it.
func FindUnresolved(tt []Task, d *Directory) []Unresolved {
	found := []Unresolved{}
	at := map[string]int{}
	note := func(key Key, words string, leads int) {
		name := nameKey(words)
		if name == "" {
			return
		}
		i, seen := at[name]
		if !seen {
			i, at[name] = len(found), len(found)
			found = append(found, Unresolved{Text: words, Tasks: []Key{}})
		}
		u := &found[i]
		u.Times++
		u.Leads += leads
		if !slices.Contains(u.Tasks, key) {
			u.Tasks = append(u.Tasks, key)
		}
	}
	for _, t := range tt {
		if t.Status == Done || t.Status == Cancelled {
			continue
		}
		t = d.Resolve(t)
		if t.Lead.Code == "" {
			note(t.Key, t.Lead.Text, 1)
		}
		for _, ref := range t.Coordinating {
			if ref.Code == "" {
				note(t.Key, ref.Text, 0)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Unresolved) int { return cmp.Compare(b.Times, a.Times) })
	taken := map[string]bool{}
	for i := range found {
		found[i].settle(d, taken)
	}
	return found
}

// settle fills in what would give the words a unit. The codes of the new units
// of one list are all different.
func (u *Unresolved) settle(d *Directory, taken map[string]bool) {
	u.Like = append([]string{}, d.Suggest(u.Text)...)
	u.Cures = []UnitCure{}
	for _, code := range u.Like {
		unit, _ := d.Unit(code)
		u.Cures = append(u.Cures, UnitCure{Unit: code, TOML: "aliases = " + tomlList(append(slices.Clone(unit.Aliases), u.Text))})
	}
	code := d.newCode(u.Text, taken)
	table := fmt.Sprintf("[units.%s]\nname = %s", code, tomlString(u.Text))
	if members, ok := d.allKnown(u.Text); ok {
		table += "\nmembers = " + tomlList(members)
	}
	u.Cures = append(u.Cures, UnitCure{Unit: code, New: true, TOML: table})
}

// allKnown returns the codes of the units that words list, if they are several
// and all of them are known: words of a lead cell are not taken apart.
func (d *Directory) allKnown(words string) (codes []string, ok bool) {
	for _, ref := range d.Split(words) {
		if ref.Code == "" {
			return nil, false
		}
		codes = append(codes, ref.Code)
	}
	return codes, len(codes) > 1
}

// roles are words of the config's rules, and no unit can be called so.
var roles = []string{"lead", "coordinating", "superior", "office"}

// newCode returns a code for a new unit that no unit has and nothing else means.
func (d *Directory) newCode(words string, taken map[string]bool) string {
	base := cmp.Or(slug(words), "don-vi")
	code := base
	for n := 2; ; n++ {
		if _, means := d.Match(code); !means && !taken[code] && !slices.Contains(roles, code) {
			taken[code] = true
			return code
		}
		code = fmt.Sprintf("%s-%d", base, n)
	}
}

// tomlString quotes text as a basic string of TOML.
func tomlString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func tomlList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = tomlString(w)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
