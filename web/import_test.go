package web_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nhacviec/tasks"
	"nhacviec/web"
)

func TestImport(t *testing.T) {
	t.Parallel()
	o, h := newOffice(t)
	c := web.NewClient(web.InProcess(h))
	in := web.Import{
		Plan: tasks.Plan{ID: "ct07", Issued: issued},
		Rows: []tasks.Row{{No: "1", Lead: "Công an thành phố", Content: "Việc", Deadline: "Tháng 6/2023"}},
	}
	in.DryRun = true
	found, err := c.Import(t.Context(), in)
	if err != nil || len(found.New) != 1 || !found.DryRun || o.writes != 0 {
		t.Fatalf("dry run: %d new, %d writes, %v", len(found.New), o.writes, err)
	}
	in.DryRun = false
	found, err = c.Import(t.Context(), in)
	if err != nil || len(found.New) != 1 || o.writes != 1 || found.Plan.Title != "ct07" {
		t.Fatalf("import: %+v, %d writes, %v", found, o.writes, err)
	}
	in.Plan.Issued = 0 // known by now
	if found, err = c.Import(t.Context(), in); err != nil || len(found.Same) != 1 || found.Plan.Issued != issued {
		t.Errorf("again: %+v, %v", found, err)
	}
	o.writes = 0
	for _, tc := range []struct {
		change func(*web.Import)
		error  string
		exit   int
	}{
		{func(in *web.Import) { in.Plan = tasks.Plan{ID: "ct08"} }, "does not say when the plan was issued", web.ExitUsage},
		{func(in *web.Import) { in.Plan, in.Dated = tasks.Plan{ID: "ct08"}, "month 6/2023" }, "names only month 6/2023 as its date", web.ExitUsage},
		{func(in *web.Import) { in.Plan.ID = "" }, "cannot be the id of a plan", web.ExitUsage},
		{func(in *web.Import) { in.Plan.ID = "../ct" }, "cannot be the id of a plan", web.ExitUsage},
		{func(in *web.Import) { in.Rows = append(in.Rows, in.Rows[0]) }, "number 1", web.ExitFailed},
	} {
		bad := in
		tc.change(&bad)
		if _, err := c.Import(t.Context(), bad); !sameError(err, tc.error, tc.exit) {
			t.Errorf("error %v, want %q", err, tc.error)
		}
	}
	if o.writes != 0 {
		t.Errorf("refused imports wrote %d times", o.writes)
	}
}

// TestImportOfHalfAPlan: what is not whole is refused whole.
func TestImportOfHalfAPlan(t *testing.T) {
	t.Parallel()
	o, h := newOffice(t)
	head := `{"plan":{"id":"ct07","issued":"2023-06-05"}}` + "\n"
	row := `{"no":1,"lead":"CATP","content":"Việc","deadline":"Tháng 6/2023"}` + "\n"
	for name, body := range map[string]io.Reader{
		"nothing":             strings.NewReader(""),
		"breaks off":          brokenBody{strings.NewReader(head + row)},
		"half a row":          strings.NewReader(head + row + row[:20]),
		"an unknown field":    strings.NewReader(head + `{"number":1}`),
		"no plan":             strings.NewReader(row),
		"something else":      strings.NewReader(head + "[1]"),
		"rows without a plan": strings.NewReader(`{"rows":[]}`),
	} {
		answer, err := (&http.Client{Transport: web.InProcess(h)}).Post("http://nhacviec/v1/import", "application/json", body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest || err != nil {
			t.Errorf("%s: %s %s, %v", name, answer.Status, text, err)
		}
	}
	if o.writes > 0 {
		t.Errorf("%d writes", o.writes)
	}
}

// TestImportBriefly: a brief answer has every number, and the tasks that a
// person reads of.
func TestImportBriefly(t *testing.T) {
	t.Parallel()
	_, h := newOffice(t)
	c := web.NewClient(web.InProcess(h))
	in := web.Import{Plan: tasks.Plan{ID: "ct07", Issued: issued}, Brief: true}
	for i := range 20 {
		in.Rows = append(in.Rows, tasks.Row{No: tasks.Number(fmt.Sprint(i + 1)), Lead: "Công an thành phố", Content: "Việc", Deadline: "Tháng 6/2023"})
	}
	in.Rows[4].Deadline = "không rõ"
	each := func(want string, count tasks.Difference) {
		t.Helper()
		var got []string
		totals, err := c.ImportEach(t.Context(), in, func(totals web.ImportTotals, task web.ImportedTask) error {
			if totals.Plan.ID != "ct07" {
				t.Errorf("totals come late: %+v", totals)
			}
			got = append(got, fmt.Sprint(task.Fate, " ", task.New.No))
			return nil
		})
		if diff := cmp.Diff(count, totals.Count, cmpopts.IgnoreUnexported(tasks.Difference{})); err != nil || diff != "" || strings.Join(got, ", ") != want {
			t.Errorf("%v, want %s; %s%v", got, want, diff, err)
		}
	}
	each("new 5", tasks.Difference{New: 20})
	in.Rows[1].Content = "Việc khác"
	in.Rows = append(in.Rows[:19:19], tasks.Row{No: "21", Lead: "Công an thành phố", Content: "Việc", Deadline: "Tháng 6/2023"})
	each("changed 2, same 5, new 21, gone 20", tasks.Difference{New: 1, Changed: 1, Gone: 1, Same: 18})
	broken := errors.New("enough")
	if _, err := c.ImportEach(t.Context(), in, func(web.ImportTotals, web.ImportedTask) error { return broken }); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("error %v", err)
	}
}

// TestImportAsks: what cancels more than a tenth of a plan's tasks wants a yes,
// and stores nothing without.
func TestImportAsks(t *testing.T) {
	t.Parallel()
	o, h := newOffice(t)
	c := web.NewClient(web.InProcess(h))
	in := web.Import{Plan: tasks.Plan{ID: "ct07", Issued: issued}}
	for i := range 20 {
		in.Rows = append(in.Rows, tasks.Row{No: tasks.Number(fmt.Sprint(i + 1)), Lead: "CATP", Content: "Việc", Deadline: "Tháng 6/2023"})
	}
	if found, err := c.Import(t.Context(), in); err != nil || found.Asks {
		t.Fatal(found.Asks, err)
	}
	all := in.Rows
	for _, tc := range []struct {
		left int
		asks bool
	}{{20, false}, {18, false}, {17, true}, {1, true}} {
		in.Rows, in.DryRun = all[:tc.left], true
		found, err := c.Import(t.Context(), in)
		if err != nil || found.Asks != tc.asks || len(found.Gone) != 20-tc.left {
			t.Errorf("%d left: asks %t, %d gone, %v", tc.left, found.Asks, len(found.Gone), err)
		}
		if !tc.asks {
			continue
		}
		in.DryRun = false
		before := len(o.tasks)
		_, err = c.Import(t.Context(), in)
		var e *web.Error
		if !errors.As(err, &e) || e.Exit != web.ExitUsage || e.Ask != fmt.Sprintf("Cancel %d of the 20 tasks of plan ct07?", 20-tc.left) || len(o.tasks) != before {
			t.Errorf("%d left: %v", tc.left, err)
		}
		in.Yes = true
		if found, err := c.Import(t.Context(), in); err != nil || len(found.Gone) != 20-tc.left {
			t.Errorf("%d left, with a yes: %d gone, %v", tc.left, len(found.Gone), err)
		}
		in.Yes = false
	}
}
