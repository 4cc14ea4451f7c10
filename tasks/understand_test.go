package tasks

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnderstand(t *testing.T) {
	t.Parallel()
	d := city(t)
	today, issued := day(t, "2023-06-07"), day(t, "2023-06-05")
	plan := Plan{ID: "ct05", Issued: issued}
	got, err := Understand(plan, []Row{
		{No: "21", Lead: "PHÒNG TƯ PHÁP", Coordinating: "Công an thành phố, Các phòng, ban, ngành; Sở X", Content: "Số hóa hộ tịch", Deadline: "Trước ngày 15/7/2023", Product: "Dữ liệu", Note: "Ghi chú", Line: 30},
		{No: "3.a", Lead: "THANH TRA", Content: "Báo cáo (hoàn thành trong tháng 3/2023)", Line: 31},
		{No: "4", Lead: "CÁC PHÒNG, BAN, NGÀNH; UBND CÁC XÃ, PHƯỜNG", Content: "Tuyên truyền", Line: 32},
		{No: "5", Lead: "CÁC PHÒNG, BAN, NGÀNH", Content: "Tuyên truyền (hoàn thành trong tháng 3/2023)", Deadline: "Thường xuyên", Line: 33},
	}, d, today)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(got); n != 4 {
		t.Fatalf("%d tasks, want 4", n)
	}
	want := Task{
		Key:          Key{"ct05", "21"},
		Lead:         UnitRef{"tu-phap", "PHÒNG TƯ PHÁP"},
		Coordinating: []UnitRef{{"cong-an", "Công an thành phố"}, {"phong-ban", "Các phòng, ban, ngành"}, {"", "Sở X"}},
		Content:      "Số hóa hộ tịch", Product: "Dữ liệu", Note: "Ghi chú",
		Deadline:   Deadline{Text: "Trước ngày 15/7/2023", Kind: Dated, Due: days(t, "2023-07-15"), Source: FromDeadline, Version: 1},
		Status:     Open,
		DeadlineOn: today,
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("task 21 (-want +got):\n%s", diff)
	}
	if dl := got[1].Deadline; dl.Source != FromContent || dl.Kind != Dated || !cmp.Equal(dl.Due, days(t, "2023-03-31")) || dl.Version != 1 {
		t.Errorf("an empty cell looks into the content: got %+v", dl)
	}
	if lead := got[1].Lead; lead != (UnitRef{"", "THANH TRA"}) {
		t.Errorf("an unknown lead = %v", lead)
	}
	if got[2].Lead.Code != "tat-ca" || got[2].Deadline.Kind != Unknown || got[2].Deadline.Source != FromDeadline {
		t.Errorf("task 4: lead %v, deadline %+v", got[2].Lead, got[2].Deadline)
	}
	if dl := got[3].Deadline; dl.Kind != Ongoing || dl.Source != FromDeadline {
		t.Errorf("a cell with words keeps the content out: got %+v", dl)
	}
	if diff := compare(got, got, today+1); len(diff.Same) != 4 {
		t.Errorf("the same plan again is not the same: %+v", diff)
	}
}

// TestSubTasks: a task without words about time asks for none if sub-tasks of
// it have deadlines; it is not reminded of and not forgotten.
func TestSubTasks(t *testing.T) {
	t.Parallel()
	d, today := city(t), day(t, "2023-06-07")
	row := func(no Number, deadline string) Row {
		return Row{No: no, Lead: "CÔNG AN THÀNH PHỐ", Content: "Việc", Deadline: deadline}
	}
	rows := []Row{
		row("I.2", ""), row("I.2.a", "Tháng 7/2023"), row("I.2.b", ""),
		row("I.20", ""), row("3", "Tháng 9/2023"), row("3.a", "Tháng 7/2023"),
		row("4", ""), row("4.a", ""), row("5", "31/6/2023"), row("5.a", "Tháng 7/2023"),
		{No: "6", Lead: "CÔNG AN THÀNH PHỐ", Content: "Việc (hoàn thành trong tháng 8/2023)"}, row("6.1", "Thường xuyên"),
		row("II", ""), row("II.1", ""), row("II.1.a", "Hằng tháng"),
	}
	tt, err := Understand(Plan{ID: "ct05", Issued: today}, rows, d, today)
	if err != nil {
		t.Fatal(err)
	}
	type says struct {
		wants  Kind
		state  State
		source string
		review string
	}
	want := map[Number]says{
		"I.2": {"", OnGoing, FromSubTasks, ""}, "I.2.a": {Dated, InTime, FromDeadline, ""}, "I.2.b": {"", InReview, FromDeadline, DeadlineMissing},
		"I.20": {"", InReview, FromDeadline, DeadlineMissing}, "3": {Dated, InTime, FromDeadline, ""}, "3.a": {Dated, InTime, FromDeadline, ""},
		"4": {"", InReview, FromDeadline, DeadlineMissing}, "4.a": {"", InReview, FromDeadline, DeadlineMissing},
		"5": {"", InReview, FromDeadline, DeadlineUnknown}, "5.a": {Dated, InTime, FromDeadline, ""},
		"6": {Dated, InTime, FromContent, DeadlineInContent}, "6.1": {Ongoing, OnGoing, FromDeadline, ""},
		"II": {"", OnGoing, FromSubTasks, ""}, "II.1": {"", OnGoing, FromSubTasks, ""}, "II.1.a": {Periodic, InTime, FromDeadline, ""},
	}
	for _, task := range tt {
		got := says{task.Wants(), task.StateOn(today, 3), task.Deadline.Source, ""}
		for _, item := range Review(task, d, today) {
			got.review += item.Reason
		}
		if got != want[task.No] || task.NeedsLook() != (got.review != "") {
			t.Errorf("task %s: %+v, needs a look: %v, want %+v", task.No, got, task.NeedsLook(), want[task.No])
		}
	}

	// Without its sub-tasks it asks for a date again; with one set by hand it is
	// as any other.
	alone, err := Understand(Plan{ID: "ct05", Issued: today}, rows[:1], d, today)
	if err != nil {
		t.Fatal(err)
	}
	diff := compare(tt[:1], alone, today+1)
	if len(diff.Changed) != 1 || !diff.Changed[0].New.NeedsLook() || diff.Changed[0].New.Deadline.Version != 2 {
		t.Errorf("without sub-tasks: %+v", diff)
	}
	set, _, err := tt[0].Do(ActDue, today+30, today)
	if err != nil || set.Wants() != Dated || set.Deadline.Ongoing || len(compare([]Task{set}, tt[:1], today).Same) != 1 {
		t.Errorf("with a date: %+v, %v", set.Deadline, err)
	}
	done, _, err := tt[0].Do(ActDone, 0, today)
	if err != nil || done.Status != Done {
		t.Errorf("done: %s, %v", done.Status, err)
	}
}

func TestUnderstandRefuses(t *testing.T) {
	t.Parallel()
	got, err := Understand(Plan{}, []Row{
		{No: "1", Line: 10}, {No: "2", Line: 11}, {No: "1", Line: 12}, {Line: 13}, {No: "1", Line: 14},
	}, city(t), 1)
	want := `the plan has no id
line 12: number 1 stands on line 10 already; number the rows of a plan differently
line 13: the row has no number
line 14: number 1 stands on line 10 already; number the rows of a plan differently`
	if err == nil || got != nil {
		t.Fatalf("got %v, %v, want an error and no tasks", got, err)
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUnderstandNothing(t *testing.T) {
	t.Parallel()
	got, err := Understand(Plan{ID: "ct05"}, nil, city(t), 1)
	if err != nil || len(got) != 0 {
		t.Errorf("an empty table = %v, %v", got, err)
	}
}
