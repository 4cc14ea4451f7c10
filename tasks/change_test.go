package tasks

import (
	"strings"
	"testing"
)

// TestDo is what people can do to a task, step by step. A step is an action
// and, for some, a date; what follows the arrow is the status, the next due
// date on 5 June 2023 and the deadline's version.
func TestDo(t *testing.T) {
	t.Parallel()
	today := vnDay(t, "5/6/2023")
	for _, tc := range []struct {
		name     string
		deadline string
		steps    []string
	}{
		{"reported, then confirmed by the office", "trước ngày 30/6/2023", []string{
			"report > reported - 1", "done > done - 1", "reopen > open 30/06/2023 1"}},
		{"held and taken up again", "trước ngày 30/6/2023", []string{
			"hold > held - 1", "report ! cannot be reported", "reopen > open 30/06/2023 1", "reopen ! cannot be reopened"}},
		{"done is not done twice", "trước ngày 30/6/2023", []string{
			"done > done - 1", "done ! cannot be done", "hold ! cannot be held", "extend 30/7/2023 ! cannot be extended"}},
		{"phases are done one by one", "Lần 1 trước ngày 15/7/2023; lần 2 trước ngày 15/11/2023", []string{
			"done > open 15/11/2023 1", "done > done - 1", "reopen > open 15/11/2023 1"}},
		{"one that goes on is done when it is finished once more", "trước ngày 30/6/2023 và duy trì thường xuyên", []string{
			"done > open - 1", "done > done - 1"}},
		{"a series never ends", "Trước ngày 25 hằng tháng", []string{
			"done > open 25/07/2023 1", "done > open 25/08/2023 1"}},
		{"an extension moves the next date, as a new version", "trước ngày 30/6/2023", []string{
			"extend 15/8/2023 > open 15/08/2023 2", "extend 15/8/2023 ! is no extension", "extend 1/7/2023 ! is no extension", "report > reported - 2", "extend 30/9/2023 > open 30/09/2023 3"}},
		{"an extension stops short of the next phase", "Lần 1 trước ngày 15/7/2023; lần 2 trước ngày 15/11/2023", []string{
			"extend 1/12/2023 ! next phase", "extend 1/8/2023 > open 01/08/2023 2"}},
		{"work without a date cannot be extended", "Thực hiện thường xuyên", []string{
			"extend 1/8/2023 ! no due date to extend", "done > done - 1"}},
		{"a person gives the date that the words do not", "Sau khi có hướng dẫn của Bộ", []string{
			"due 30/9/2023 > open 30/09/2023 2", "due 30/9/2023 ! already", "due 1/10/2023 > open 01/10/2023 3"}},
		{"what was past is confirmed once", "trước ngày 31/3/2023", []string{
			"confirm > open 31/03/2023 1", "confirm ! already"}},
		{"nothing to confirm", "Nội dung trọng tâm", []string{
			"confirm ! no deadline", "due 1/3/2023 > open 01/03/2023 2"}},
		{"no such action", "trước ngày 30/6/2023", []string{"forget ! no such action"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := ParseDeadline(tc.deadline, today)
			task := Task{Key: Key{"p", "1"}, Deadline: d, Status: Open, DeadlineOn: today}
			for _, step := range tc.steps {
				call, want, refused := strings.Cut(step, " ! ")
				if !refused {
					call, want, _ = strings.Cut(step, " > ")
				}
				verb, arg, _ := strings.Cut(call, " ")
				var date Date
				if arg != "" {
					date = vnDay(t, arg)
				}
				before := task
				after, change, err := task.Do(Action(verb), date, today)
				if refused {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Fatalf("%s: error %v, want one with %q", call, err, want)
					}
					if after.Status != before.Status || after.DoneThrough != before.DoneThrough || !after.Deadline.SameTerms(before.Deadline) {
						t.Fatalf("%s was refused and changed the task to %+v", call, after)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%s: %v", call, err)
				}
				next := after.NextDue(today).Day()
				if next == "" {
					next = "-"
				}
				if got := string(after.Status) + " " + next + " " + string(rune('0'+after.Deadline.Version)); got != want {
					t.Fatalf("%s: %s, want %s", call, got, want)
				}
				if change.Action != verb || change.Old == change.New && verb != "confirm" {
					t.Fatalf("%s: the ledger would say %+v", call, change)
				}
				task = after
			}
		})
	}
}

func vnDay(t *testing.T, s string) Date {
	t.Helper()
	d, err := ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
