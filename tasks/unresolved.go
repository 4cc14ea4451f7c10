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
	Cures []UnitCure `json:"cures"` // any of them settles it: an alias of each unit in Like, or else a new unit
}

// UnitCure is lines of config.toml that give words a unit. They do no harm at
// the end of any config: what belongs elsewhere is a comment that says where.
type UnitCure struct {
	Unit    string   `json:"unit"`              // its code
	New     bool     `json:"new"`               // the unit is not in the config yet
	Aliases []string `json:"aliases,omitempty"` // of a unit in the config: all that it then has
	Members []string `json:"members,omitempty"` // of a new unit: those that the words list
	TOML    string   `json:"toml"`              // of a new unit its table; else "# in [units.tu-phap]: aliases = […]", a line for that table in place of its old one
}

// line says the cure in one line.
func (c UnitCure) line(words string) string {
	if !c.New {
		return fmt.Sprintf("in [units.%s]: aliases = %s", c.Unit, tomlList(c.Aliases))
	}
	return fmt.Sprintf("new [units.%s]: %s", c.Unit, strings.Join(c.keys(words), ", "))
}

// keys returns the keys of a new unit.
func (c UnitCure) keys(words string) []string {
	keys := []string{"name = " + tomlString(words)}
	if len(c.Members) > 0 {
		keys = append(keys, "members = "+tomlList(c.Members))
	}
	return keys
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
	taken := make(map[string]bool, len(at))
	for name := range at {
		taken[name] = true
	}
	for i := range found {
		found[i].Like = append([]string{}, d.Suggest(found[i].Text)...)
		found[i].Cures = d.unitCures(found[i].Text, taken)
	}
	return found
}

// unitCures returns what would give words a unit: an alias of each that they
// nearly name, then a unit of their own. Words that list known units want a
// group and nothing else. taken has the keys of all names and codes that other
// new units may have, and gets that of the code.
func (d *Directory) unitCures(words string, taken map[string]bool) []UnitCure {
	var cures []UnitCure
	members, group := d.allKnown(words)
	if !group {
		for _, code := range d.Suggest(words) {
			unit, _ := d.Unit(code)
			c := UnitCure{Unit: code, Aliases: append(slices.Clone(unit.Aliases), words)}
			c.TOML = "# " + c.line(words)
			cures = append(cures, c)
		}
	}
	c := UnitCure{Unit: d.newCode(words, taken), New: true, Members: members}
	c.TOML = strings.Join(append([]string{"[units." + c.Unit + "]"}, c.keys(words)...), "\n")
	return append(cures, c)
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
	if len(codes) < 2 {
		return nil, false
	}
	return codes, true
}

// roles are words of the config's rules, and no unit can be called so.
var roles = []string{"lead", "coordinating", "superior", "office"}

// newCode returns a code for a new unit that no unit has and that means nothing
// else, not even a name among those taken.
func (d *Directory) newCode(words string, taken map[string]bool) string {
	base := cmp.Or(slug(words), "don-vi")
	code := base
	for n := 2; ; n++ {
		key := nameKey(code)
		if _, means := d.Match(code); !means && (!taken[key] || key == nameKey(words)) && !slices.Contains(roles, code) {
			taken[key] = true
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
