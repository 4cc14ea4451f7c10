package tasks

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestNumberOrder(t *testing.T) {
	t.Parallel()
	ordered := []Number{"1", "02", "2", "3", "3.1", "3.2", "3.10", "3.a", "3.b", "3.b.1", "4", "10", "10a", "10b", "11", "II.1", "II.2", "II.10", "IV.1", "IX.1", "X", "X.1", "A.II.1", "B.1", "C", "a", "b"}
	for i, a := range ordered {
		for j, b := range ordered {
			if got, want := signum(a.Compare(b)), signum(i-j); got != want {
				t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, want)
			}
		}
	}
	if (Key{"ct05", "10"}).Compare(Key{"ct05", "9"}) <= 0 || (Key{"a", "10"}).Compare(Key{"b", "9"}) >= 0 {
		t.Error("keys are not ordered by plan, then number")
	}
}

func signum(n int) int { return max(-1, min(1, n)) }

func TestNumberOrderIsTotal(t *testing.T) {
	t.Parallel()
	number := rapid.Custom(func(t *rapid.T) Number {
		return Number(rapid.StringOfN(rapid.RuneFrom([]rune("0129.abIVXC")), 0, 12, -1).Draw(t, "number"))
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := number.Draw(t, "a"), number.Draw(t, "b"), number.Draw(t, "c")
		if signum(a.Compare(b)) != -signum(b.Compare(a)) {
			t.Fatalf("%q and %q are each before the other", a, b)
		}
		if (a.Compare(b) == 0) != (a == b) {
			t.Fatalf("%q.Compare(%q) = 0", a, b)
		}
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Fatalf("%q <= %q <= %q < %q", a, b, c, a)
		}
	})
}

func TestNumberJSON(t *testing.T) {
	t.Parallel()
	for n, want := range map[Number]string{"21": "21", "3.a": `"3.a"`, "03": `"03"`, "0": "0", "": `""`, "1.5": `"1.5"`, "9999999999999999999999": `"9999999999999999999999"`} {
		b, err := json.Marshal(n)
		if err != nil || string(b) != want {
			t.Errorf("%q in JSON = %s, %v, want %s", n, b, err, want)
		}
		var back Number
		if err := json.Unmarshal(b, &back); err != nil || back != n {
			t.Errorf("%s is read as %q, %v, want %q", b, back, err, n)
		}
	}
	kept := Number("7")
	if err := json.Unmarshal([]byte("null"), &kept); err != nil || kept != "7" {
		t.Errorf("null is read as %q, %v", kept, err)
	}
	for _, s := range []string{"1.5", "true", "[]", `{}`, `"\ud800"x`} {
		var n Number
		if err := json.Unmarshal([]byte(s), &n); err == nil {
			t.Errorf("%s is read as %q", s, n)
		}
	}
}

// series returns a deadline that comes again and again.
func series(t testing.TB, rrule string) Deadline {
	t.Helper()
	r, err := ParseRecurrence(rrule)
	if err != nil {
		t.Fatal(err)
	}
	return Deadline{Kind: Periodic, RRule: &r}
}

func dated(t testing.TB, due ...string) Deadline {
	t.Helper()
	return Deadline{Kind: Dated, Due: days(t, due...)}
}

func TestTaskInTime(t *testing.T) {
	t.Parallel()
	const monthly = "FREQ=MONTHLY;BYMONTHDAY=25"
	const yearly = "FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=20"
	open := func(d Deadline, on string) Task { return Task{Deadline: d, Status: Open, DeadlineOn: day(t, on)} }
	with := func(task Task, change func(*Task)) Task { change(&task); return task }
	goesOn := dated(t, "2023-06-30")
	goesOn.Ongoing = true
	later := series(t, monthly)
	later.From = day(t, "2025-01-01")

	for _, c := range []struct {
		name  string
		task  Task
		on    string
		wants Kind
		state State
		next  string
		open  []string // with a horizon of 14 days
	}{
		{"far ahead", open(dated(t, "2023-07-15"), "2023-06-05"), "2023-06-05", Dated, InTime, "2023-07-15", nil},
		{"15 days ahead", open(dated(t, "2023-07-15"), "2023-06-05"), "2023-06-30", Dated, InTime, "2023-07-15", nil},
		{"14 days ahead", open(dated(t, "2023-07-15"), "2023-06-05"), "2023-07-01", Dated, Soon, "2023-07-15", []string{"2023-07-15"}},
		{"the day before", open(dated(t, "2023-07-15"), "2023-06-05"), "2023-07-14", Dated, Soon, "2023-07-15", []string{"2023-07-15"}},
		{"the day itself", open(dated(t, "2023-07-15"), "2023-06-05"), "2023-07-15", Dated, Today, "2023-07-15", []string{"2023-07-15"}},
		{"the day after", open(dated(t, "2023-07-15"), "2023-06-05"), "2023-07-16", Dated, Overdue, "2023-07-15", []string{"2023-07-15"}},
		{"due on the day of import", open(dated(t, "2023-06-05"), "2023-06-05"), "2023-06-06", Dated, Overdue, "2023-06-05", []string{"2023-06-05"}},

		{"past at import", open(dated(t, "2023-05-31"), "2023-06-05"), "2023-06-05", "", InReview, "", nil},
		{"past at import, confirmed", with(open(dated(t, "2023-05-31"), "2023-06-05"), func(t *Task) { t.Confirmed = true }), "2023-06-05", Dated, Overdue, "2023-05-31", []string{"2023-05-31"}},
		{"one phase past at import", open(dated(t, "2023-05-31", "2023-09-30"), "2023-06-05"), "2023-06-05", Dated, InTime, "2023-09-30", nil},

		{"two phases, both near", open(dated(t, "2023-06-10", "2023-06-15"), "2023-06-05"), "2023-06-08", Dated, Soon, "2023-06-10", []string{"2023-06-10", "2023-06-15"}},
		{"two phases, one overdue", open(dated(t, "2023-06-10", "2023-09-15"), "2023-06-05"), "2023-06-20", Dated, Overdue, "2023-06-10", []string{"2023-06-10"}},
		{"two phases, one done", with(open(dated(t, "2023-06-10", "2023-09-15"), "2023-06-05"), func(x *Task) { x.DoneThrough = day(t, "2023-06-10") }), "2023-06-20", Dated, InTime, "2023-09-15", nil},

		{"dated, then ongoing", open(goesOn, "2023-06-05"), "2023-07-03", Dated, Overdue, "2023-06-30", []string{"2023-06-30"}},
		{"done, then ongoing", with(open(goesOn, "2023-06-05"), func(x *Task) { x.DoneThrough = day(t, "2023-06-30") }), "2023-07-03", Ongoing, OnGoing, "", nil},
		{"past at import, then ongoing", open(goesOn, "2023-07-01"), "2023-07-03", "", InReview, "", nil},

		{"a series, before its date", open(series(t, monthly), "2023-06-05"), "2023-06-20", Periodic, Soon, "2023-06-25", []string{"2023-06-25"}},
		{"a series, far from its date", open(series(t, monthly), "2023-06-05"), "2023-06-05", Periodic, InTime, "2023-06-25", nil},
		{"a series, its date missed", open(series(t, monthly), "2023-06-05"), "2023-06-27", Periodic, Overdue, "2023-06-25", []string{"2023-06-25"}},
		{"a series, an older period is over", open(series(t, monthly), "2023-06-05"), "2023-08-27", Periodic, Overdue, "2023-08-25", []string{"2023-08-25"}},
		{"a series, the missed date and the next", open(series(t, monthly), "2023-06-05"), "2023-07-20", Periodic, Overdue, "2023-06-25", []string{"2023-06-25", "2023-07-25"}},
		{"a series, the missed date and today", open(series(t, monthly), "2023-06-05"), "2023-07-25", Periodic, Overdue, "2023-06-25", []string{"2023-06-25", "2023-07-25"}},
		{"a series, done", with(open(series(t, monthly), "2023-06-05"), func(x *Task) { x.DoneThrough = day(t, "2023-06-25") }), "2023-06-27", Periodic, InTime, "2023-07-25", nil},
		{"a series, imported after its date", open(series(t, monthly), "2023-06-26"), "2023-06-27", Periodic, InTime, "2023-07-25", nil},
		{"a year's work done early", with(open(series(t, yearly), "2023-06-05"), func(x *Task) { x.DoneThrough = day(t, "2023-11-20") }), "2023-11-01", Periodic, InTime, "2024-11-20", nil},
		{"a series that starts in two years", open(later, "2023-01-02"), "2023-01-02", Periodic, InTime, "2025-01-25", nil},

		{"a series without dates", open(Deadline{Kind: Periodic, RRule: &Recurrence{}}, "2023-06-05"), "2023-06-05", Periodic, InReview, "", nil},

		{"ongoing", open(Deadline{Kind: Ongoing, Ongoing: true}, "2023-06-05"), "2023-06-05", Ongoing, OnGoing, "", nil},
		{"awaiting", open(Deadline{Kind: Awaiting}, "2023-06-05"), "2023-06-05", Awaiting, Waiting, "", nil},
		{"unknown", open(Deadline{Kind: Unknown}, "2023-06-05"), "2023-06-05", "", InReview, "", nil},

		{"reported", with(open(dated(t, "2023-06-10"), "2023-06-05"), func(t *Task) { t.Status = Reported }), "2023-06-20", "", "reported", "", nil},
		{"held", with(open(dated(t, "2023-06-10"), "2023-06-05"), func(t *Task) { t.Status = Held }), "2023-06-20", "", "held", "", nil},
		{"done", with(open(series(t, monthly), "2023-06-05"), func(t *Task) { t.Status = Done }), "2023-06-20", "", "done", "", nil},
		{"cancelled", with(open(Deadline{Kind: Ongoing}, "2023-06-05"), func(t *Task) { t.Status = Cancelled }), "2023-06-20", "", "cancelled", "", nil},
	} {
		on := day(t, c.on)
		if got := c.task.Wants(); got != c.wants {
			t.Errorf("%s: Wants = %q, want %q", c.name, got, c.wants)
		}
		if got := c.task.StateOn(on, 14); got != c.state {
			t.Errorf("%s: StateOn = %q, want %q", c.name, got, c.state)
		}
		if got := c.task.NextDue(on).String(); got != c.next {
			t.Errorf("%s: NextDue = %q, want %q", c.name, got, c.next)
		}
		if got := c.task.OpenDues(on, 14); !slices.Equal(got, days(t, c.open...)) {
			t.Errorf("%s: OpenDues = %v, want %v", c.name, got, c.open)
		}
	}
}

func TestUrgency(t *testing.T) {
	t.Parallel()
	worstFirst := []State{Overdue, Today, Soon, InReview, Waiting, InTime, OnGoing, State(Reported), State(Held), State(Done), State(Cancelled)}
	if !slices.IsSortedFunc(worstFirst, func(a, b State) int { return a.Urgency() - b.Urgency() }) {
		t.Error("the states are not in their order")
	}
	for i := range worstFirst[1:] {
		if worstFirst[i].Urgency() == worstFirst[i+1].Urgency() {
			t.Errorf("%s is as urgent as %s", worstFirst[i], worstFirst[i+1])
		}
	}
}

func TestDueIn(t *testing.T) {
	t.Parallel()
	phases := dated(t, "2023-06-10", "2023-06-15", "2023-09-30")
	if got, want := phases.DueIn(day(t, "2023-06-15"), day(t, "2023-09-30")), days(t, "2023-06-15", "2023-09-30"); !slices.Equal(got, want) {
		t.Errorf("DueIn = %v, want %v", got, want)
	}
	s := series(t, "FREQ=MONTHLY;BYMONTHDAY=-1")
	s.From = day(t, "2023-07-01")
	if got, want := s.DueIn(day(t, "2023-06-01"), day(t, "2023-08-31")), days(t, "2023-07-31", "2023-08-31"); !slices.Equal(got, want) {
		t.Errorf("DueIn of a series = %v, want %v", got, want)
	}
}

func TestSameTerms(t *testing.T) {
	t.Parallel()
	a := dated(t, "2023-06-30")
	b := a
	b.Text, b.Source, b.Version = "other words", FromContent, 7
	if !a.SameTerms(b) {
		t.Error("words, source and version are no terms")
	}
	for name, change := range map[string]func(*Deadline){
		"kind":    func(d *Deadline) { d.Kind = Ongoing },
		"due":     func(d *Deadline) { d.Due = days(t, "2023-07-01") },
		"from":    func(d *Deadline) { d.From = 7 },
		"ongoing": func(d *Deadline) { d.Ongoing = true },
		"rrule":   func(d *Deadline) { d.RRule = series(t, "FREQ=MONTHLY;BYMONTHDAY=1").RRule },
	} {
		c := a
		change(&c)
		if a.SameTerms(c) || c.SameTerms(a) {
			t.Errorf("another %s makes other terms", name)
		}
	}
	x, y := series(t, "FREQ=MONTHLY;BYMONTHDAY=1"), series(t, "FREQ=MONTHLY;BYMONTHDAY=1")
	if !x.SameTerms(y) || x.SameTerms(series(t, "FREQ=MONTHLY;BYMONTHDAY=2")) {
		t.Error("series are compared by what they say")
	}
}

func TestTaskJSONRoundTrips(t *testing.T) {
	t.Parallel()
	s := series(t, "FREQ=MONTHLY;BYMONTHDAY=25")
	s.Text, s.Source, s.Version = "Trước ngày 25 hằng tháng", FromDeadline, 2
	for _, task := range []Task{
		{Key: Key{"ct05", "21"}, Lead: UnitRef{"tu-phap", "PHÒNG TƯ PHÁP"}, Coordinating: []UnitRef{{"", "Sở X"}}, Content: "a", Product: "b", Note: "c",
			Deadline: s, Status: Reported, DeadlineOn: day(t, "2023-06-05"), Confirmed: true, DoneThrough: day(t, "2023-06-25"), DoneOn: day(t, "2023-06-24")},
		{Key: Key{"ct05", "3.a"}, Deadline: dated(t, "2023-06-30"), Status: Cancelled, Was: Held},
	} {
		b, err := json.Marshal(task)
		if err != nil {
			t.Fatal(err)
		}
		var back Task
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(task, back, cmp.Comparer(func(a, b Recurrence) bool { return a == b }), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("through %s (-want +got):\n%s", b, diff)
		}
	}
}

func TestNeedsLookAgreesWithReview(t *testing.T) {
	t.Parallel()
	d := city(t)
	deadlines := []Deadline{
		dated(t, "2023-05-31"), dated(t, "2023-07-15"), dated(t, "2023-05-31", "2023-07-15"),
		series(t, "FREQ=MONTHLY;BYMONTHDAY=25"), {Kind: Ongoing, Ongoing: true}, {Kind: Awaiting}, {Kind: Unknown}, {Kind: Unknown, Text: "31/6/2023"},
	}
	rapid.Check(t, func(t *rapid.T) {
		task := Task{
			Lead:     rapid.SampledFrom([]UnitRef{{"cong-an", "CATP"}, {"", "Sở X"}}).Draw(t, "lead"),
			Deadline: rapid.SampledFrom(deadlines).Draw(t, "deadline"),
			Status:   rapid.SampledFrom([]Status{Open, Reported, Held, Done, Cancelled}).Draw(t, "status"),
			// The 5th of June 2023.
			DeadlineOn: 19513,
			Confirmed:  rapid.Bool().Draw(t, "confirmed"),
		}
		task.Deadline.Source = rapid.SampledFrom([]string{FromDeadline, FromContent, FromAdmin}).Draw(t, "source")
		if task.Deadline.Kind == Unknown {
			task.Deadline.Source = FromDeadline // what was found or set is known
		}
		if rapid.Bool().Draw(t, "coordinating") {
			task.Coordinating = []UnitRef{{"", "Sở Y"}}
		}
		items := Review(task, d, task.DeadlineOn)
		if got, want := task.NeedsLook(), len(items) > 0; got != want {
			t.Fatalf("NeedsLook = %v, and Review = %v of %+v", got, items, task)
		}
	})
}
