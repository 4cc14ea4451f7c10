package tasks

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestViewIsTheContract(t *testing.T) {
	t.Parallel()
	d := city(t)
	tuPhap := Task{
		Key:          Key{"ct05", "21"},
		Lead:         UnitRef{"", "PHÒNG TƯ PHÁP"},
		Coordinating: []UnitRef{{"cong-an", "Công an thành phố"}},
		Content:      "Nhập dữ liệu hộ tịch", Product: "Dữ liệu", Note: "",
		Deadline:   Deadline{Text: "trước ngày 15/7/2023", Kind: Dated, Due: days(t, "2023-07-15"), Source: FromDeadline, Version: 1},
		Status:     Open,
		DeadlineOn: day(t, "2023-06-05"),
	}
	monthly := series(t, "FREQ=MONTHLY;BYMONTHDAY=25")
	monthly.Text, monthly.Source, monthly.Version = "Trước ngày 25 hằng tháng", FromAdmin, 2
	periodic := Task{Key: Key{"ct05", "3.a"}, Lead: UnitRef{"cong-an", "CATP"}, Deadline: monthly, Status: Open, DeadlineOn: day(t, "2024-03-25")}
	unknown := Task{Key: Key{"ct05", "9"}, Lead: UnitRef{"tckh", "PHÒNG TCKH"}, Deadline: Deadline{Kind: Unknown, Source: FromDeadline, Version: 1}, Status: Open}

	for _, c := range []struct {
		task Task
		on   string
		want string
	}{
		{tuPhap, "2023-06-05", `{"plan":"ct05","no":21,"lead":{"code":"tu-phap","text":"PHÒNG TƯ PHÁP"},"coordinating":[{"code":"cong-an","text":"Công an thành phố"}],` +
			`"content":"Nhập dữ liệu hộ tịch","product":"Dữ liệu","note":"","deadline":{"text":"trước ngày 15/7/2023","kind":"dated","due":["2023-07-15"],"from":null,"ongoing":false,"rrule":null,"source":"deadline","version":1},` +
			`"status":"open","state":"in_time","next_due":"2023-07-15","review":[]}`},
		{periodic, "2024-04-20", `{"plan":"ct05","no":"3.a","lead":{"code":"cong-an","text":"CATP"},"coordinating":[],"content":"","product":"","note":"",` +
			`"deadline":{"text":"Trước ngày 25 hằng tháng","kind":"periodic","due":["2024-03-25","2024-04-25","2024-05-25","2024-06-25","2024-07-25","2024-08-25","2024-09-25","2024-10-25","2024-11-25","2024-12-25","2025-01-25","2025-02-25"],` +
			`"from":null,"ongoing":false,"rrule":"FREQ=MONTHLY;BYMONTHDAY=25","source":"admin","version":2},"status":"open","state":"overdue","next_due":"2024-03-25","review":[]}`},
		{unknown, "2023-06-05", `{"plan":"ct05","no":9,"lead":{"code":"tckh","text":"PHÒNG TCKH"},"coordinating":[],"content":"","product":"","note":"",` +
			`"deadline":{"text":"","kind":"unknown","due":[],"from":null,"ongoing":false,"rrule":null,"source":"deadline","version":1},"status":"open","state":"review","next_due":null,` +
			`"review":[{"reason":"deadline_missing","detail":"","cure":"nhacviec task due 9 DD/MM/YYYY"},{"reason":"unit_no_address","detail":"PHÒNG TCKH","cure":"in [units.tckh]: email = [\"…\"]"}]}`},
	} {
		b, err := json.Marshal(NewView(c.task, d, day(t, c.on), 14))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, string(b)); diff != "" {
			t.Errorf("task %s (-want +got):\n%s", c.task.No, diff)
		}
		var back View
		if err := json.Unmarshal(b, &back); err != nil {
			t.Errorf("task %s cannot be read back: %v", c.task.No, err)
		} else if again, _ := json.Marshal(back); string(again) != string(b) {
			t.Errorf("task %s is read back as %s", c.task.No, again)
		}
	}
	if monthly.Due != nil {
		t.Error("a view changed the deadline it shows")
	}
}

func TestWorst(t *testing.T) {
	t.Parallel()
	d := city(t)
	on := day(t, "2023-07-10")
	task := func(no Number, dl Deadline, status Status) View {
		return NewView(Task{Key: Key{"ct05", no}, Deadline: dl, Status: status, DeadlineOn: day(t, "2023-06-05")}, d, on, 14)
	}
	other := NewView(Task{Key: Key{"a-plan", "99"}, Deadline: dated(t, "2023-07-20"), Status: Open, DeadlineOn: day(t, "2023-06-05")}, d, on, 14)
	views := []View{
		task("10", dated(t, "2023-07-20"), Open),
		task("1", dated(t, "2023-07-20"), Done),
		task("2", Deadline{Kind: Ongoing}, Open),
		task("3", dated(t, "2023-12-31"), Open),
		task("4", Deadline{Kind: Unknown}, Open),
		task("5", Deadline{Kind: Awaiting}, Open),
		task("6", dated(t, "2023-07-10"), Open),
		task("7", dated(t, "2023-07-09"), Open),
		task("8", dated(t, "2023-06-30"), Open),
		task("9", dated(t, "2023-07-20"), Open),
		task("11", dated(t, "2023-07-12"), Open),
		task("12", dated(t, "2023-06-30"), Cancelled),
		task("13", dated(t, "2023-06-30"), Reported),
		task("14", Deadline{Kind: Ongoing}, Open),
		other,
	}
	Worst(views)
	var got []string
	for _, v := range views {
		got = append(got, v.Key.String()+" "+string(v.State))
	}
	want := []string{
		"ct05/8 overdue", "ct05/7 overdue", "ct05/6 today", "ct05/11 soon", "a-plan/99 soon", "ct05/9 soon", "ct05/10 soon",
		"ct05/4 review", "ct05/5 awaiting", "ct05/3 in_time", "ct05/2 ongoing", "ct05/14 ongoing", "ct05/13 reported", "ct05/1 done", "ct05/12 cancelled",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeadlinePublic(t *testing.T) {
	t.Parallel()
	from, to := day(t, "2023-06-05"), day(t, "2023-08-31")
	if got := series(t, "FREQ=MONTHLY;BYMONTHDAY=-1").Public(from, to).Due; !cmp.Equal(got, days(t, "2023-06-30", "2023-07-31", "2023-08-31")) {
		t.Errorf("a series shows %v", got)
	}
	if got := dated(t, "2020-01-01", "2030-01-01").Public(from, to).Due; !cmp.Equal(got, days(t, "2020-01-01", "2030-01-01")) {
		t.Errorf("dates are shown whenever they are: got %v", got)
	}
	if got := (Deadline{Kind: Ongoing}).Public(from, to).Due; got == nil || len(got) > 0 {
		t.Errorf("no dates are shown as %#v, want an empty list", got)
	}
}
