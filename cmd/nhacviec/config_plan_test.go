package main

import (
	"testing"

	"nhacviec/tasks"
	"nhacviec/tasks/planfile"
)

// The example's units cover the seed plan: all words about units are
// understood, and every lead unit is reached.
func TestExampleConfigCoversSeedPlan(t *testing.T) {
	t.Parallel()
	c := loadExample(t)
	doc, err := planfile.Read("../../tasks/planfile/testdata/ke-hoach-05.md", planfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	issued, err := tasks.ParseDay("15/06/2023")
	if err != nil {
		t.Fatal(err)
	}
	list, err := tasks.Understand(tasks.Plan{ID: "ct05", Title: doc.Title, Issued: issued}, doc.Rows, c.Units, issued)
	if err != nil {
		t.Fatal(err)
	}
	leads, coordinating := map[string]bool{}, map[string]bool{}
	for _, task := range list {
		leads[task.Lead.Code] = true
		for _, ref := range task.Coordinating {
			coordinating[ref.Code] = true
		}
		for _, ref := range append(task.Coordinating, task.Lead) {
			if ref.Code == "" {
				t.Errorf("task %s: no unit is called %q", task.No, ref.Text)
			}
			for _, u := range c.Units.Audience(ref.Code) {
				if len(u.Addresses) == 0 {
					t.Errorf("task %s: unit %s has no address", task.No, u.Code)
				}
			}
		}
		for _, item := range tasks.Review(task, c.Units, issued) {
			if item.Reason == tasks.UnitUnknown || item.Reason == tasks.UnitNoAddress {
				t.Errorf("task %s goes to review: %s %q", task.No, item.Reason, item.Detail)
			}
		}
	}
	if len(list) != 68 || len(leads) != 16 {
		t.Errorf("%d tasks, %d lead units; want 68 and 16", len(list), len(leads))
	}
	if n := len(c.Units.Audience("toan-thanh-pho")); n != 26 {
		t.Errorf("the group of all units has %d members, want 18 departments and 8 communes", n)
	}
	if len(coordinating) < 25 {
		t.Errorf("only %d coordinating units", len(coordinating))
	}
}
