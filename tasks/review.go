package tasks

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Reasons for review.
const (
	DeadlineMissing   = "deadline_missing"    // the cell is empty and the content names no date
	DeadlineUnknown   = "deadline_unknown"    // the words are not understood
	DeadlineInContent = "deadline_in_content" // the date stands in the task's own text
	DeadlinePast      = "deadline_past"       // already past when it was recorded
	UnitUnknown       = "unit_unknown"        // words that match no unit of the config
	UnitNoAddress     = "unit_no_address"     // a lead unit that no channel reaches
	NobodyTold        = "nobody_told"         // a lead unit that no rule for such tasks reaches
)

// ReviewItem is one thing about a task that an admin must look at.
type ReviewItem struct {
	Key
	Version int    `json:"version,omitempty"` // of the deadline
	Reason  string `json:"reason"`            // one of the constants above
	Detail  string `json:"detail"`            // the words in question
	Cure    string `json:"cure"`              // a command or a config line that settles it
}

// Review lists what an admin must look at before the task can be trusted to
// remind by itself, deadline first. Tasks that are done or cancelled need
// nothing. The day does not matter: what was past when it was recorded stays
// so until somebody settles it.
func Review(t Task, d *Directory, _ Date) []ReviewItem {
	if t.Status == Done || t.Status == Cancelled {
		return nil
	}
	t = d.Resolve(t)
	var items []ReviewItem
	add := func(reason, detail, cure string) {
		items = append(items, ReviewItem{Key: t.Key, Version: t.Deadline.Version, Reason: reason, Detail: detail, Cure: cure})
	}
	setDue := fmt.Sprintf("nhacviec task due %s DD/MM/YYYY", t.No)
	confirm := fmt.Sprintf("nhacviec task confirm %s", t.No)
	switch {
	case t.Deadline.Kind == Unknown && t.Deadline.Text == "":
		add(DeadlineMissing, "", setDue)
	case t.Deadline.Kind == Unknown:
		add(DeadlineUnknown, t.Deadline.Text, setDue)
	case t.Deadline.Source == FromContent && !t.Confirmed:
		add(DeadlineInContent, t.Deadline.Found, confirm)
	}
	if !t.Confirmed && t.pastWhenRecorded() {
		add(DeadlinePast, t.timeWords(), confirm)
	}
	if t.Lead.Code == "" {
		add(UnitUnknown, t.Lead.Text, d.cureLead(t.No, t.Lead.Text))
	} else if !slices.ContainsFunc(d.Audience(t.Lead.Code), Unit.reachable) {
		add(UnitNoAddress, t.Lead.Text, fmt.Sprintf("in [units.%s]: email = [\"…\"]", t.Lead.Code))
	} else if kind := t.Wants(); kind != "" && d.reaches != nil && !d.reaches(kind, t.Lead) {
		add(NobodyTold, t.Lead.Text, fmt.Sprintf("a rule with tasks = [\"%s\"] and a channel that [units.%s] has an address for", kind, t.Lead.Code))
	}
	for i, ref := range t.Coordinating {
		if ref.Code == "" && !slices.Contains(t.Coordinating[:i], ref) {
			add(UnitUnknown, ref.Text, d.cureUnit(ref.Text))
		}
	}
	return items
}

// timeWords returns the words of a deadline, or its dates when somebody set
// them without words.
func (t Task) timeWords() string {
	var dates []string
	for _, due := range t.Deadline.Due {
		dates = append(dates, due.Day())
	}
	return cmp.Or(t.Deadline.Words(), strings.Join(dates, ", "))
}

// cureUnit returns the config that gives words a unit: an alias of a unit that
// they may mean, with those that it has, or a unit of their own. The choice is
// the reader's.
func (d *Directory) cureUnit(words string) string {
	var cures []string
	for _, c := range d.unitCures(words, map[string]bool{}) {
		cures = append(cures, c.line(words))
	}
	return strings.Join(cures, ", or ")
}

// cureLead is cureUnit for a lead, which may not be named at all.
func (d *Directory) cureLead(no Number, words string) string {
	if nameKey(words) == "" {
		return fmt.Sprintf("nhacviec task lead %s UNIT", no)
	}
	return d.cureUnit(words)
}

// slug returns words as the code of a unit: "bhxh-thanh-pho".
func slug(words string) string {
	return strings.Join(strings.FieldsFunc(Bare(words), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
}
