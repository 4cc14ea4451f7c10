package tasks

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestAssign(t *testing.T) {
	t.Parallel()
	task := planned(t, "7", "2023-06-05", dated(t, "2023-06-30"))
	next, c, err := task.Assign(UnitRef{"tu-phap", "Phòng Tư pháp"})
	want := Change{Plan: "ct05", No: "7", Action: "lead", Old: `cong-an "CÔNG AN THÀNH PHỐ"`, New: `tu-phap "Phòng Tư pháp"`}
	if err != nil || c != want || next.Lead.Code != "tu-phap" || *next.ByHand.Lead != "CÔNG AN THÀNH PHỐ" {
		t.Errorf("%+v, %+v, %v", next, c, err)
	}
	if _, _, err := next.Assign(UnitRef{"tu-phap", "Phòng Tư pháp"}); err == nil || !strings.Contains(err.Error(), "is led by tu-phap already") {
		t.Errorf("the same unit once more: %v", err)
	}
	back, _, err := next.Assign(UnitRef{"cong-an", "CÔNG AN THÀNH PHỐ"})
	if err != nil || back.ByHand != (ByHand{}) {
		t.Errorf("what the file says is settled by hand: %+v, %v", back.ByHand, err)
	}
	task.Status = Done
	if _, _, err := task.Assign(UnitRef{"tu-phap", "Phòng Tư pháp"}); err == nil {
		t.Error("a task that is done is handed over")
	}
}

func TestEdit(t *testing.T) {
	t.Parallel()
	d := city(t)
	words := func(s string) *string { return &s }
	for _, c := range []struct {
		name  string
		edit  Edit
		want  func(*Task)
		old   string
		new   string
		error string
	}{
		{"content", Edit{Content: words("  Nội\u00a0dung mới ")}, func(x *Task) { x.Content, x.ByHand.Content = "Nội dung mới", words("Nội dung") },
			`content "Nội dung"`, `content "Nội dung mới"`, ""},
		{"note and product", Edit{Note: words(""), Product: words("Tờ trình")}, func(x *Task) {
			x.Note, x.Product, x.ByHand.Note, x.ByHand.Product = "", "Tờ trình", words("Ghi chú"), words("Báo cáo")
		}, `product "Báo cáo", note "Ghi chú"`, `product "Tờ trình", note ""`, ""},
		{"coordinating", Edit{Coordinating: words("CATP, Phòng Tư pháp")}, func(x *Task) {
			x.Coordinating = []UnitRef{{"cong-an", "CATP"}, {"tu-phap", "Phòng Tư pháp"}}
			x.ByHand.Coordinating = words("Các phòng, ban, ngành; Sở X")
		}, `coordinating "Các phòng, ban, ngành; Sở X"`, `coordinating "CATP, Phòng Tư pháp"`, ""},
		{"no content", Edit{Content: words(" ")}, nil, "", "", "must have a content"},
		{"nothing new", Edit{Content: words("Nội dung"), Coordinating: words("Các phòng, ban, ngành; Sở X")}, nil, "", "", "says that already"},
	} {
		task := planned(t, "7", "2023-06-05", dated(t, "2023-06-30"))
		want := task
		if c.want != nil {
			c.want(&want)
		}
		got, change, err := task.Edit(c.edit, d)
		if (c.error == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.error) {
			t.Errorf("%s: error %v", c.name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" || change.Old != c.old || change.New != c.new {
			t.Errorf("%s: %q -> %q (-want +got):\n%s", c.name, change.Old, change.New, diff)
		}
	}
}

// TestCompareByHand imports a plan again after people have settled what it
// says: once as it was, once with their words in it, once with other words.
func TestCompareByHand(t *testing.T) {
	t.Parallel()
	d := city(t)
	const then, now = "2023-06-05", "2023-07-10"
	content := "Cập nhật dữ liệu (hoàn thành trong tháng 3/2023)"
	found, ok := DeadlineFromContent(content, day(t, then))
	if !ok {
		t.Fatal("no deadline in the content")
	}
	set := func(s string) Edit { return Edit{Content: &s, Product: &s, Note: &s, Coordinating: &s} }
	file := planned(t, "7", then, found)
	file.Content = content
	stored, _, err := file.Edit(set("của người"), d)
	if err != nil {
		t.Fatal(err)
	}
	if stored, _, err = stored.Assign(UnitRef{"tu-phap", "Phòng Tư pháp"}); err != nil {
		t.Fatal(err)
	}

	same := func(name string, read Task) {
		t.Helper()
		got := compare([]Task{stored}, []Task{read}, day(t, now))
		if diff := cmp.Diff(differs{Same: []Task{stored}}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	same("the same file", planned2(t, file, now))
	otherwise := planned2(t, file, now)
	otherwise.Coordinating = []UnitRef{{"phong-ban", "Các phòng, ban, ngành"}, {"so-x", "Sở"}, {"x", "X"}}
	same("the same file, its units taken apart otherwise", otherwise)
	exported := planned2(t, stored, now)
	exported.ByHand = ByHand{}
	exported.Deadline = ParseDeadline("", day(t, then)) // the new content names no date
	exported.Deadline.Source = FromDeadline
	same("what was exported", exported)

	fields := []string{"lead", "coordinating", "content", "product", "note"}
	for i, change := range []func(*Task){
		func(x *Task) { x.Lead = UnitRef{"toa-an", "TÒA ÁN NHÂN DÂN THÀNH PHỐ"} },
		func(x *Task) { x.Coordinating = d.Split("CATP") },
		func(x *Task) { x.Content = "Mới (hoàn thành trong tháng 3/2023)" },
		func(x *Task) { x.Product = "mới" },
		func(x *Task) { x.Note = "" },
	} {
		read := planned2(t, file, now)
		change(&read)
		got := compare([]Task{stored}, []Task{read}, day(t, now))
		if len(got.Changed) != 1 {
			t.Errorf("another %s in the file changes nothing: %+v", fields[i], got)
			continue
		}
		c := got.Changed[0]
		if diff := cmp.Diff([]string{fields[i]}, c.Overruled()); diff != "" {
			t.Errorf("overruled (-want +got):\n%s", diff)
		}
		if was, is := c.Old.ByHand.fields(), c.New.ByHand.fields(); is[i] != nil {
			t.Errorf("%s is still settled by hand: %v, was %v", fields[i], *is[i], *was[i])
		}
		if again := compare([]Task{c.New}, []Task{read}, day(t, now)); len(again.Same) != 1 {
			t.Errorf("another %s: importing once more changes something: %+v", fields[i], again.Changed)
		}
	}

	moved := file
	moved.Deadline.Source, moved.Deadline.Due, moved.Deadline.Version = FromAdmin, days(t, "2023-12-31"), 2
	read := planned2(t, file, now)
	read.Deadline = dated(t, "2023-09-30")
	read.Deadline.Text = "Quý III/2023"
	got := compare([]Task{moved}, []Task{read}, day(t, now))
	if len(got.Changed) != 1 || cmp.Diff([]string{"deadline"}, got.Changed[0].Overruled()) != "" {
		t.Errorf("a deadline set by hand and another in the file: %+v", got)
	}
}

// planned2 is a task as a file with the same words gives it on another day.
func planned2(t testing.TB, task Task, on string) Task {
	t.Helper()
	task.DeadlineOn, task.Confirmed, task.ByHand = day(t, on), false, ByHand{}
	return task
}

// TestCellIsSplitAgain: what an export writes in one cell is read as the same
// units.
func TestCellIsSplitAgain(t *testing.T) {
	t.Parallel()
	d := city(t)
	names := []string{"Sở Nội vụ", "doanh nghiệp", "các tổ chức", "và", ";"}
	for _, u := range cityUnits() {
		names = append(names, u.Name)
		names = append(names, u.Aliases...)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := ""
		for range rapid.IntRange(1, 6).Draw(t, "names") {
			text += rapid.SampledFrom(names).Draw(t, "name") + rapid.SampledFrom([]string{"; ", ", ", " và ", ",", " ;", " "}).Draw(t, "separator")
		}
		refs := d.Split(text)
		if diff := cmp.Diff(refs, d.Split(Cell(refs))); diff != "" {
			t.Fatalf("%q (-split +split again):\n%s", text, diff)
		}
	})
}
