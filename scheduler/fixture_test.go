package scheduler

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nhacviec/tasks"
)

var hoChiMinh = func() *time.Location {
	loc, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		panic(err)
	}
	return loc
}()

var officeWeek = [7]bool{time.Monday: true, time.Tuesday: true, time.Wednesday: true, time.Thursday: true, time.Friday: true}

// day reads "15/7/2023".
func day(s string) tasks.Date {
	d, err := tasks.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

// instant reads "2023-06-30 07:30" in the office's zone.
func instant(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, hoChiMinh)
	if err != nil {
		panic(err)
	}
	return t
}

func rule(t testing.TB, name, cron string, change func(*Rule)) Rule {
	t.Helper()
	s, err := ParseCron(cron)
	if err != nil {
		t.Fatal(err)
	}
	r := Rule{Name: name, Cron: cron, Schedule: s, Tasks: []tasks.Kind{tasks.Dated, tasks.Periodic}, To: []string{RoleLead},
		Before: []int{14, 7, 3, 1, 0}, OverdueEvery: 7, Channels: []tasks.Channel{tasks.Email, tasks.Telegram}}
	if change != nil {
		change(&r)
	}
	return r
}

// office returns a setup with the units of the tests and the given rules.
func office(t testing.TB, rules ...Rule) Setup {
	t.Helper()
	mail := func(a string) map[tasks.Channel][]string { return map[tasks.Channel][]string{tasks.Email: {a}} }
	dir, problems := tasks.NewDirectory([]tasks.Unit{
		{Code: "van-phong", Name: "Văn phòng", Addresses: map[tasks.Channel][]string{tasks.Email: {"vp@x.vn"}, tasks.Telegram: {"-100"}}},
		{Code: "ubnd", Name: "Ủy ban nhân dân", Addresses: mail("ubnd@x.vn")},
		{Code: "tu-phap", Name: "Phòng Tư pháp", Superior: "ubnd", Addresses: mail("tp@x.vn")},
		{Code: "noi-vu", Name: "Phòng Nội vụ", Addresses: map[tasks.Channel][]string{tasks.Email: {"nv@x.vn"}, tasks.Telegram: {"-7"}}},
		{Code: "cong-an", Name: "Công an", Addresses: mail("ca@x.vn")},
		{Code: "cac-phong", Name: "Các phòng, ban, ngành", Members: []string{"tu-phap", "noi-vu"}},
		{Code: "khong-dia-chi", Name: "Phòng Mới"},
		{Code: "to", Name: "Tổ công tác", Addresses: map[tasks.Channel][]string{tasks.Telegram: {"-9"}}},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return Setup{Rules: rules, Units: dir, Office: tasks.Office{Unit: "van-phong"}, Channels: tasks.Channels,
		Calendar: Calendar{Location: hoChiMinh, Workdays: officeWeek, Holidays: map[tasks.Date]bool{}, MakeUpDays: map[tasks.Date]bool{}}}
}

// task returns an open task of plan p, recorded on 5 June 2023, whose deadline
// is read from the plan's own words.
func task(no int, lead, words string) tasks.Task {
	d := tasks.ParseDeadline(words, day("5/6/2023"))
	d.Version = 1
	return tasks.Task{Key: tasks.Key{Plan: "p", No: tasks.Number(fmt.Sprint(no))}, Lead: tasks.UnitRef{Code: lead, Text: lead},
		Content: fmt.Sprintf("Nhiệm vụ %d", no), Deadline: d, Status: tasks.Open, DeadlineOn: day("5/6/2023")}
}

// brief writes messages as lines: instant, kind unless reminder, channel, unit
// and steps.
func brief(mm []tasks.Message) string {
	var b strings.Builder
	for _, m := range mm {
		fmt.Fprintf(&b, "%s ", m.At.Format("02/01 15:04"))
		if m.Kind != tasks.Reminder {
			fmt.Fprintf(&b, "%s ", m.Kind)
		}
		fmt.Fprintf(&b, "%s %s:", m.Channel, m.Unit)
		for _, s := range m.Steps {
			fmt.Fprintf(&b, " %s %s", s.No, s.Name)
			if s.DaysLeft != nil {
				fmt.Fprintf(&b, " (%d)", *s.DaysLeft)
			}
		}
		for _, r := range m.Review {
			fmt.Fprintf(&b, " %s %s", r.No, r.Reason)
		}
		b.WriteString("\n")
	}
	return b.String()
}
