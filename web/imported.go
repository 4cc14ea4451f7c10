package web

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"

	"nhacviec/tasks"
)

// importReport is what an import answers with, gathered while it runs.
type importReport struct {
	in      Import
	known   bool // the plan was stored before
	setting Setting
	today   tasks.Date

	count  tasks.Difference
	leads  map[string]bool
	others map[string]bool
	kinds  map[tasks.Kind]int
	dues   map[tasks.Date]int
	tasks  spool[json.RawMessage] // of ImportedTask
}

func (h *Handler) newImportReport(in Import, known bool) *importReport {
	return &importReport{in: in, known: known, setting: h.Setting(), today: h.today(),
		leads: map[string]bool{}, others: map[string]bool{}, kinds: map[tasks.Kind]int{}, dues: map[tasks.Date]int{},
		tasks: spool[json.RawMessage]{dir: filepath.Dir(h.Store)}}
}

func (r *importReport) view(t tasks.Task) tasks.View {
	return tasks.NewView(t, r.setting.Units, r.today, r.setting.Soon)
}

func (r *importReport) add(c tasks.Compared) error {
	r.count.Add(c)
	out := ImportedTask{Fate: c.Fate, New: r.view(c.New)}
	switch c.Fate {
	case tasks.IsNew:
		r.tally(out.New)
	case tasks.IsChanged:
		old := r.view(c.Old)
		out.Old, out.Overruled = &old, c.Overruled()
	}
	plain := c.Fate == tasks.IsSame || c.Fate == tasks.IsNew && !r.known
	if r.in.Brief && plain && len(out.New.Review) == 0 {
		return nil
	}
	text, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return r.tasks.add(text)
}

func (r *importReport) tally(v tasks.View) {
	name := func(u tasks.UnitRef) string { return cmp.Or(u.Code, u.Text) }
	r.leads[name(v.Lead)] = true
	for _, u := range v.Coordinating {
		r.others[name(u)] = true
	}
	r.kinds[v.Deadline.Kind]++
	if v.State == tasks.Today || v.State == tasks.Soon || v.State == tasks.InTime {
		r.dues[v.NextDue]++
	}
}

func (r *importReport) emit(p tasks.Plan, emit func(any) error) error {
	totals := ImportTotals{Plan: p, DryRun: r.in.DryRun, Asks: r.count.CancelsMany(), Count: r.count,
		Leads: len(r.leads), Coordinating: len(r.others), Kinds: r.kinds, Dues: []DueCount{}}
	for _, due := range slices.Sorted(maps.Keys(r.dues)) {
		totals.Dues = append(totals.Dues, DueCount{due, r.dues[due]})
	}
	if err := emit(totals); err != nil {
		return err
	}
	for t, err := range r.tasks.all() {
		if err != nil {
			return err
		}
		if err := emit(t); err != nil {
			return err
		}
	}
	return nil
}

// Import stores a plan, or with DryRun says what that would change.
func (c *Client) Import(ctx context.Context, in Import) (Imported, error) {
	out := Imported{New: []tasks.View{}, Changed: []ImportedChange{}, Gone: []tasks.View{}, Same: []tasks.View{}}
	review := map[tasks.Fate][]tasks.ReviewItem{}
	totals, err := c.ImportEach(ctx, in, func(_ ImportTotals, t ImportedTask) error {
		switch t.Fate {
		case tasks.IsNew:
			out.New = append(out.New, t.New)
		case tasks.IsChanged:
			out.Changed = append(out.Changed, ImportedChange{*t.Old, t.New, append([]string{}, t.Overruled...)})
		case tasks.IsGone:
			out.Gone = append(out.Gone, t.New)
		case tasks.IsSame:
			out.Same = append(out.Same, t.New)
		}
		review[t.Fate] = append(review[t.Fate], t.New.ReviewItems()...)
		return nil
	})
	out.Plan, out.DryRun, out.Asks = totals.Plan, totals.DryRun, totals.Asks
	out.Review = slices.Concat([]tasks.ReviewItem{}, review[tasks.IsNew], review[tasks.IsChanged], review[tasks.IsSame])
	return out, err
}

// ImportEach is Import that calls fn with each task, in the order of the plan
// and then those that are gone.
func (c *Client) ImportEach(ctx context.Context, in Import, fn func(ImportTotals, ImportedTask) error) (totals ImportTotals, err error) {
	err = c.do(ctx, http.MethodPost, "/v1/import", nil, in.body(), func(body io.Reader) error {
		d := json.NewDecoder(body)
		if _, err := d.Token(); err != nil { // [
			return err
		}
		if err := d.Decode(&totals); err != nil {
			return err
		}
		for d.More() {
			var t ImportedTask
			if err := d.Decode(&t); err != nil {
				return err
			}
			if err := fn(totals, t); err != nil {
				return err
			}
		}
		_, err := d.Token() // ]
		return err
	})
	return totals, err
}

// body returns what travels. It is written while it is read, until it is
// closed.
func (in Import) body() io.Reader {
	r, w := io.Pipe()
	go func() {
		out := bufio.NewWriter(w)
		e := json.NewEncoder(out)
		err := e.Encode(in)
		for i := range in.Rows {
			if err == nil {
				err = e.Encode(&in.Rows[i])
			}
		}
		w.CloseWithError(cmp.Or(err, out.Flush()))
	}()
	return r
}
