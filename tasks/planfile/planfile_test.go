package planfile

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nhacviec/tasks"
)

type expectedTask struct {
	No           tasks.Number `json:"no"`
	Lead         string       `json:"lead"`
	DeadlineText string       `json:"deadline_text"`
	Kind         tasks.Kind   `json:"kind"`
	Due          tasks.Date   `json:"due"`
	From         tasks.Date   `json:"from"`
	Ongoing      bool         `json:"ongoing"`
	Source       string       `json:"source"`
}

func TestSeedPlan(t *testing.T) {
	t.Parallel()
	doc, err := Read("testdata/ke-hoach-05.md")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("testdata/ke-hoach-05.expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []expectedTask
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	issued, _ := tasks.ParseDate("2023-06-05")
	var got []expectedTask
	leads := map[string]bool{}
	kinds := map[tasks.Kind]int{}
	for _, r := range doc.Rows {
		d := tasks.ParseDeadline(r.Deadline, issued)
		if r.Deadline == "" {
			var ok bool
			if d, ok = tasks.DeadlineFromContent(r.Content, issued); !ok {
				t.Errorf("task %s: no deadline in %q", r.No, r.Content)
			}
		}
		e := expectedTask{r.No, r.Lead, r.Deadline, d.Kind, 0, d.From, d.Ongoing, d.Source}
		if len(d.Due) == 1 {
			e.Due = d.Due[0]
		}
		got = append(got, e)
		leads[r.Lead] = true
		kinds[d.Kind]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tasks differ (-want +got):\n%s", diff)
	}
	if len(got) != 68 || len(leads) != 16 {
		t.Errorf("%d tasks of %d lead units, want 68 of 16", len(got), len(leads))
	}
	if diff := cmp.Diff(map[tasks.Kind]int{tasks.Dated: 34, tasks.Ongoing: 31, tasks.Awaiting: 3}, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	if want := "NHIỆM VỤ CỤ THỂ THỰC HIỆN CHỈ THỊ SỐ 05/CT-TTg CỦA ỦY BAN NHÂN DÂN THÀNH PHỐ"; doc.Title != want {
		t.Errorf("title %q, want %q", doc.Title, want)
	}
	if doc.Issued != 0 {
		t.Errorf("issued %s, but the draft names no day", doc.Issued)
	}
}
