package main

import (
	"testing"

	"nhacviec/tasks"
)

// TestHandedOverIsNotSent: a reminder that waits when its task is handed over
// is stale for the unit that led, and right for the one that leads.
func TestHandedOverIsNotSent(t *testing.T) {
	t.Parallel()
	c := loadExample(t)
	day := tasks.DateOf(importDay)
	found, err := tasks.Understand(tasks.Plan{ID: "ct05", Issued: day},
		[]tasks.Row{{No: "21", Lead: "Phòng Tư pháp", Content: "Số hóa", Deadline: "Trước ngày 12/6/2023"}}, c.Units, day)
	if err != nil {
		t.Fatal(err)
	}
	before := found[0]
	after, _, err := before.Assign(tasks.UnitRef{Code: "noi-vu", Text: "Phòng Nội vụ"})
	if err != nil {
		t.Fatal(err)
	}
	step := tasks.Step{Key: before.Key, Version: 1, Rule: "sap-den-han", Name: tasks.StepBefore(7), Due: day + 7}
	led := tasks.Recipient{Channel: tasks.Email, Unit: "tu-phap", Address: "tuphap@example.gov.vn"}
	leads := tasks.Recipient{Channel: tasks.Email, Unit: "noi-vu", Address: "noivu@example.gov.vn"}
	const gone = "the recipient is no longer told of the task"
	for _, tc := range []struct {
		to   tasks.Recipient
		task tasks.Task
		want string
	}{{led, before, ""}, {leads, before, gone}, {led, after, gone}, {leads, after, ""}} {
		if got := c.Setup.Stale(tasks.Delivery{Message: tasks.Message{Recipient: tc.to}}, step, tc.task, day); got != tc.want {
			t.Errorf("to %s, led by %s: %q, want %q", tc.to.Unit, tc.task.Lead.Code, got, tc.want)
		}
	}
}
