package tasks

import (
	"iter"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// planned is a task as a plan's table gives it on the day of import.
func planned(t testing.TB, no Number, on string, d Deadline) Task {
	t.Helper()
	if d.Source == "" {
		d.Source = FromDeadline
	}
	d.Version = 1
	return Task{
		Key:          Key{"ct05", no},
		Lead:         UnitRef{"cong-an", "CÔNG AN THÀNH PHỐ"},
		Coordinating: []UnitRef{{"phong-ban", "Các phòng, ban, ngành"}, {"", "Sở X"}},
		Content:      "Nội dung", Product: "Báo cáo", Note: "Ghi chú",
		Deadline: d, Status: Open, DeadlineOn: day(t, on),
	}
}

// held are stored tasks.
type held map[Number]Task

func (h held) Find(no Number) (Task, bool, error) { t, ok := h[no]; return t, ok, nil }

func (h held) All() iter.Seq2[Task, error] { return each(slices.Collect(maps.Values(h))) }

func each(tt []Task) iter.Seq2[Task, error] {
	return func(yield func(Task, error) bool) {
		for _, t := range tt {
			if !yield(t, nil) {
				return
			}
		}
	}
}

// differs is what Compare tells, sorted by fate.
type differs struct {
	New     []Task
	Changed []Compared
	Gone    []Task
	Same    []Task
}

func compare(stored, read []Task, today Date) differs {
	var d differs
	var counts Difference
	h := held{}
	for _, t := range stored {
		h[t.No] = t
	}
	err := Compare(h, each(read), today, func(o Compared) error {
		counts.Add(o)
		switch o.Fate {
		case IsNew:
			d.New = append(d.New, o.New)
		case IsChanged:
			d.Changed = append(d.Changed, o)
		case IsGone:
			d.Gone = append(d.Gone, o.New)
		case IsSame:
			d.Same = append(d.Same, o.New)
		}
		return nil
	})
	if counts.back = 0; err != nil || counts != (Difference{New: len(d.New), Changed: len(d.Changed), Gone: len(d.Gone), Same: len(d.Same)}) {
		panic(counts.String())
	}
	return d
}

func TestCompareSorts(t *testing.T) {
	t.Parallel()
	on, today := "2023-06-05", day(t, "2023-07-10")
	stays := planned(t, "1", on, dated(t, "2023-08-30"))
	stays.DoneThrough, stays.Confirmed = day(t, "2023-06-30"), true
	goes := planned(t, "2", on, dated(t, "2023-08-30"))
	goes.Status, goes.DoneOn = Done, day(t, "2023-07-01")
	long := planned(t, "3", on, dated(t, "2023-08-30"))
	long.Status, long.Was = Cancelled, Open
	alters := planned(t, "4", on, dated(t, "2023-08-30"))

	readStays := planned(t, "1", "2023-07-10", dated(t, "2023-08-30"))
	readAlters := planned(t, "4", "2023-07-10", dated(t, "2023-08-30"))
	readAlters.Content = "Nội dung khác"
	fresh := planned(t, "5", "2023-07-10", dated(t, "2023-09-30"))

	gone := goes
	gone.Status, gone.Was = Cancelled, Done
	altered := alters
	altered.Content = "Nội dung khác"
	want := differs{
		New:     []Task{fresh},
		Changed: []Compared{{IsChanged, alters, altered}},
		Gone:    []Task{gone},
		Same:    []Task{stays},
	}
	got := compare([]Task{stays, goes, long, alters}, []Task{fresh, readAlters, readStays}, today)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCompareOneTask(t *testing.T) {
	t.Parallel()
	const then, now = "2023-06-05", "2023-07-10"
	words := func(d Deadline, text string) Deadline { d.Text = text; return d }
	source := func(d Deadline, s string) Deadline { d.Source = s; return d }
	version := func(d Deadline, n int) Deadline { d.Version = n; return d }
	june := words(dated(t, "2023-06-30"), "Trước ngày 30/6/2023")
	same := func(*Task) {}

	for _, c := range []struct {
		name   string
		stored Deadline
		before func(*Task) // what people did since
		read   Deadline
		plan   func(*Task) // what the plan says now
		after  func(*Task) // nil: same
	}{
		{"nothing", june, same, june, same, nil},
		{"nothing, and it is done", june, func(x *Task) { x.Status = Done }, june, same, nil},
		{"a code that is now known", june, func(x *Task) { x.Lead.Code = "" }, june, func(x *Task) { x.Coordinating[1].Code = "so-x" }, nil},
		{"words that meant nothing are now two units", june, func(x *Task) { x.Coordinating = []UnitRef{{"", "Sở X, sở y"}} }, june,
			func(x *Task) { x.Coordinating = []UnitRef{{"so-x", "Sở X"}, {"so-y", "sở y"}} }, nil},
		{"words that meant nothing are others", june, func(x *Task) { x.Coordinating = []UnitRef{{"", "Sở X, sở y"}} }, june,
			func(x *Task) { x.Coordinating = []UnitRef{{"so-x", "Sở X"}} },
			func(x *Task) { x.Coordinating = []UnitRef{{"so-x", "Sở X"}} }},
		{"another unit has the words", june, same, june,
			func(x *Task) { x.Lead.Code = "tu-phap" },
			func(x *Task) { x.Lead.Code = "tu-phap" }},
		{"another lead", june, same, june,
			func(x *Task) { x.Lead = UnitRef{"", "Sở Y"} },
			func(x *Task) { x.Lead = UnitRef{"", "Sở Y"} }},
		{"one coordinating unit less", june, func(x *Task) { x.Confirmed, x.Status = true, Held }, june,
			func(x *Task) { x.Coordinating = x.Coordinating[:1] },
			func(x *Task) { x.Coordinating = x.Coordinating[:1] }},
		{"product and note", june, same, june,
			func(x *Task) { x.Product, x.Note = "Tờ trình", "" },
			func(x *Task) { x.Product, x.Note = "Tờ trình", "" }},
		{"other words, same terms", june, func(x *Task) { x.Confirmed = true; x.Deadline.Version = 3 }, words(june, "Xong trước 30/6/2023"), same,
			func(x *Task) { x.Deadline.Text = "Xong trước 30/6/2023" }},
		{"found in the content before, in its cell now", source(june, FromContent), same, june, same,
			func(x *Task) { x.Deadline.Source = FromDeadline }},
		{"another date", june, func(x *Task) { x.Confirmed, x.Status = true, Reported }, words(dated(t, "2023-07-31"), "Trước 31/7/2023"), same,
			func(x *Task) {
				x.Deadline = version(source(words(dated(t, "2023-07-31"), "Trước 31/7/2023"), FromDeadline), 2)
				x.DeadlineOn, x.Confirmed = day(t, now), false
			}},
		{"the same words mean another date, as the plan has another day of issue", june, same, words(dated(t, "2023-07-31"), june.Text), same,
			func(x *Task) {
				x.Deadline = version(source(words(dated(t, "2023-07-31"), june.Text), FromDeadline), 2)
				x.DeadlineOn = day(t, now)
			}},
		{"a phase more; the first stays done", june, func(x *Task) { x.DoneThrough = day(t, "2023-06-30") }, words(dated(t, "2023-06-30", "2023-09-30"), "Hai đợt"), same,
			func(x *Task) {
				x.Deadline = version(source(words(dated(t, "2023-06-30", "2023-09-30"), "Hai đợt"), FromDeadline), 2)
				x.DeadlineOn = day(t, now)
			}},
		{"only dates that are done; the task is open", words(dated(t, "2023-06-30", "2023-09-30"), "Hai đợt"), func(x *Task) { x.DoneThrough = day(t, "2023-06-30") }, june, same,
			func(x *Task) {
				x.Deadline = version(source(june, FromDeadline), 2)
				x.DeadlineOn, x.DoneThrough = day(t, now), 0
			}},
		{"only dates that are done; the task is done", words(dated(t, "2023-06-15", "2023-06-30"), "Hai đợt"), func(x *Task) { x.DoneThrough, x.Status = day(t, "2023-06-30"), Done }, june, same,
			func(x *Task) {
				x.Deadline = version(source(june, FromDeadline), 2)
				x.DeadlineOn = day(t, now)
			}},

		{"set by hand; the plan says the same", june, func(x *Task) { x.Deadline = extended(t, june) }, june, same, nil},
		{"set by hand; the plan has other content", june, func(x *Task) { x.Deadline = extended(t, june) }, june,
			func(x *Task) { x.Content = "khác" },
			func(x *Task) { x.Content = "khác" }},
		{"set by hand; the plan says nothing, as before", Deadline{Kind: Unknown}, func(x *Task) { x.Deadline = extended(t, Deadline{}) }, Deadline{Kind: Unknown}, same, nil},
		{"set by hand; the plan's words changed since", june, func(x *Task) { x.Deadline = extended(t, june); x.Confirmed = true }, words(dated(t, "2023-09-30"), "Quý III/2023"), same,
			func(x *Task) {
				x.Deadline = version(source(words(dated(t, "2023-09-30"), "Quý III/2023"), FromDeadline), 3)
				x.DeadlineOn, x.Confirmed = day(t, now), false
			}},
		{"set by hand; the plan now says so too", june, func(x *Task) { x.Deadline = extended(t, june) }, words(dated(t, "2023-12-31"), "Năm 2023"), same,
			func(x *Task) { x.Deadline.Text, x.Deadline.Source = "Năm 2023", FromDeadline }},

		{"back after it was cancelled", june, func(x *Task) { x.Status, x.Was, x.Confirmed = Cancelled, Open, true }, june, same,
			func(x *Task) { x.Status, x.Was, x.DeadlineOn, x.Confirmed = Open, "", day(t, now), false }},
		{"back after it was done and cancelled", june, func(x *Task) { x.Status, x.Was = Cancelled, Done }, june, same,
			func(x *Task) { x.Status, x.Was, x.DeadlineOn = Done, "", day(t, now) }},
		{"back, and nobody knows what it was", june, func(x *Task) { x.Status = Cancelled }, june, same,
			func(x *Task) { x.Status, x.DeadlineOn = Open, day(t, now) }},
		{"back with another date", june, func(x *Task) { x.Status, x.Was = Cancelled, Open }, words(dated(t, "2023-12-31"), "Năm 2023"), same,
			func(x *Task) {
				x.Status, x.Was, x.DeadlineOn = Open, "", day(t, now)
				x.Deadline = version(source(words(dated(t, "2023-12-31"), "Năm 2023"), FromDeadline), 2)
			}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stored := planned(t, "7", then, c.stored)
			c.before(&stored)
			read := planned(t, "7", now, c.read)
			c.plan(&read)
			want := differs{Same: []Task{stored}}
			if c.after != nil {
				after := stored
				c.after(&after)
				want = differs{Changed: []Compared{{IsChanged, stored, after}}}
			}
			got := compare([]Task{stored}, []Task{read}, day(t, now))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if c.after == nil {
				return
			}
			again := compare([]Task{got.Changed[0].New}, []Task{read}, day(t, now)+1)
			if len(again.Same) != 1 {
				t.Errorf("importing the same plan once more changes something:\n%s", cmp.Diff(got.Changed[0].New, again.Changed))
			}
		})
	}
}

// extended is a deadline that an admin moved to the end of 2023: the plan's
// words stay.
func extended(t testing.TB, d Deadline) Deadline {
	d.Kind, d.Due, d.Source, d.Version = Dated, days(t, "2023-12-31"), FromAdmin, 2
	return d
}

func TestCompareNothing(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(differs{}, compare(nil, nil, 1)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
