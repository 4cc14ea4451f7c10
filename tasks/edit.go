package tasks

import (
	"errors"
	"fmt"
	"strings"
)

// The actions that put a person's words in the place of the plan's.
const (
	ActLead Action = "lead" // another unit leads
	ActEdit Action = "edit" // other words
)

// Edit is what a person writes in the place of the plan's words. What is nil
// stays as it is.
type Edit struct {
	Content      *string `json:"content,omitempty"`
	Product      *string `json:"product,omitempty"`
	Note         *string `json:"note,omitempty"`
	Coordinating *string `json:"coordinating,omitempty"` // a list of units, as a plan's cell has it
}

// ByHand is what the plan's file says where a person put something else in its
// place, so that an import can tell whether the file changed. Nil: nobody did.
type ByHand struct {
	Lead         *string `json:"lead,omitempty"`
	Coordinating *string `json:"coordinating,omitempty"`
	Content      *string `json:"content,omitempty"`
	Product      *string `json:"product,omitempty"`
	Note         *string `json:"note,omitempty"`
}

// Assign returns the task led by another unit, and the change for the ledger.
// The deadline and what was done stay.
func (t Task) Assign(lead UnitRef) (Task, Change, error) {
	err := t.expect("given another lead unit", Open, Reported, Held)
	if err == nil && t.Lead.Code == lead.Code {
		err = fmt.Errorf("is led by %s already", lead.Code)
	}
	if err != nil {
		return t, Change{}, fmt.Errorf("task %s: %w", t.Key, err)
	}
	c := Change{Plan: t.Plan, No: t.No, Action: string(ActLead), Old: t.Lead.words(), New: lead.words()}
	t.ByHand.Lead = behind(t.ByHand.Lead, t.Lead.Text, lead.Text)
	t.Lead = lead
	return t, c, nil
}

// Edit returns the task with a person's words, and the change for the ledger.
// A deadline that was read in the content stays as it was read: ActDue moves it.
func (t Task) Edit(e Edit, d *Directory) (Task, Change, error) {
	before := t
	err := t.expect("edited", Open, Reported, Held, Done)
	if err == nil && e.Content != nil && Clean(*e.Content) == "" {
		err = errors.New("must have a content")
	}
	c := Change{Plan: t.Plan, No: t.No, Action: string(ActEdit)}
	put := func(what string, file **string, was string, words *string, set func(string)) {
		if words == nil || Clean(*words) == was {
			return
		}
		is := Clean(*words)
		*file = behind(*file, was, is)
		set(is)
		c.Old, c.New = also(c.Old, what, was), also(c.New, what, is)
	}
	put("content", &t.ByHand.Content, t.Content, e.Content, func(s string) { t.Content = s })
	put("product", &t.ByHand.Product, t.Product, e.Product, func(s string) { t.Product = s })
	put("note", &t.ByHand.Note, t.Note, e.Note, func(s string) { t.Note = s })
	put("coordinating", &t.ByHand.Coordinating, Cell(t.Coordinating), e.Coordinating, func(s string) { t.Coordinating = d.Split(s) })
	if err == nil && c.New == "" {
		err = errors.New("says that already")
	}
	if err != nil {
		return before, Change{}, fmt.Errorf("task %s: %w", before.Key, err)
	}
	return t, c, nil
}

// behind returns what the file says behind a person's words: what it said
// before the first of them, and nothing once they are the file's own again.
func behind(file *string, was, is string) *string {
	switch {
	case file == nil:
		return &was
	case *file == is:
		return nil
	}
	return file
}

// also goes on with a list such as `content "a", note "b"`.
func also(list, what, words string) string {
	if list != "" {
		list += ", "
	}
	return list + what + ` "` + words + `"`
}

// words returns a unit for the ledger: tu-phap "PHÒNG TƯ PHÁP".
func (r UnitRef) words() string { return strings.TrimSpace(r.Code + ` "` + r.Text + `"`) }

// Cell returns units as one cell of a plan's table; Split takes it apart into
// the same units.
func Cell(refs []UnitRef) string {
	texts := make([]string, len(refs))
	for i, r := range refs {
		texts[i] = r.Text
	}
	return strings.Join(texts, "; ")
}

// underHand returns what the file says now with a person's words laid over it:
// they stay while the file says what it said behind them, or says the same.
func underHand(o, read Task) Task {
	r := read
	stays := func(file *string, stored, read string) bool {
		return file != nil && (read == *file || read == stored)
	}
	if h := o.ByHand.Lead; stays(h, o.Lead.Text, read.Lead.Text) {
		r.Lead, r.ByHand.Lead = o.Lead, h
	}
	if h := o.ByHand.Coordinating; h != nil { // the config may have come to take the words apart otherwise
		file := listKey(*h)
		if stays(&file, listKey(Cell(o.Coordinating)), listKey(Cell(read.Coordinating))) {
			r.Coordinating, r.ByHand.Coordinating = o.Coordinating, h
		}
	}
	if h := o.ByHand.Content; stays(h, o.Content, read.Content) {
		r.Content, r.ByHand.Content = o.Content, h
	}
	if h := o.ByHand.Product; stays(h, o.Product, read.Product) {
		r.Product, r.ByHand.Product = o.Product, h
	}
	if h := o.ByHand.Note; stays(h, o.Note, read.Note) {
		r.Note, r.ByHand.Note = o.Note, h
	}
	return r
}

// Overruled names what a person had settled and the plan's file now says anew:
// deadline, lead, coordinating, content, product, note.
func (c Compared) Overruled() []string {
	out := []string{}
	if c.Old.Deadline.Source == FromAdmin && c.New.Deadline.Version != c.Old.Deadline.Version {
		out = append(out, "deadline")
	}
	was, is := c.Old.ByHand.fields(), c.New.ByHand.fields()
	for i, f := range []string{"lead", "coordinating", "content", "product", "note"} {
		if was[i] != nil && is[i] == nil {
			out = append(out, f)
		}
	}
	return out
}

func (h ByHand) fields() [5]*string {
	return [5]*string{h.Lead, h.Coordinating, h.Content, h.Product, h.Note}
}
