package web_test

import (
	"strings"
	"testing"

	"nhacviec/tasks"
	"nhacviec/web"
)

func TestExportPlan(t *testing.T) {
	t.Parallel()
	o, h := newOffice(t)
	c := web.NewClient(web.InProcess(h))
	if _, err := c.Export(t.Context(), ""); !sameError(err, "several plans are stored: ct05, ct06", web.ExitUsage) {
		t.Error(err)
	}
	if _, err := c.Export(t.Context(), "ct99"); !sameError(err, "no plan is called", web.ExitUsage) {
		t.Error(err)
	}
	gone := o.tasks[tasks.Key{Plan: "ct05", No: "1"}]
	gone.Status = tasks.Cancelled
	o.tasks[gone.Key] = gone
	all, _ := o.Tasks("ct05")
	e, err := c.Export(t.Context(), "ct05")
	if err != nil || e.Plan.ID != "ct05" || e.Day != issued || len(e.Tasks) != len(all)-1 {
		t.Errorf("%d tasks of %d, %s, %v", len(e.Tasks), len(all), e.Day, err)
	}
	for i, task := range e.Tasks {
		if task.No == "1" || i > 0 && task.No.Compare(e.Tasks[i-1].No) <= 0 {
			t.Errorf("task %s at %d", task.No, i)
		}
	}
}

// TestExportStatus is what an export says of where a task stands.
func TestExportStatus(t *testing.T) {
	t.Parallel()
	d, _ := tasks.NewDirectory(nil)
	due := func(days ...tasks.Date) tasks.Deadline {
		return tasks.Deadline{Kind: tasks.Dated, Due: days, Source: tasks.FromDeadline}
	}
	moved := due(issued + 9)
	moved.Source = tasks.FromAdmin
	for want, task := range map[string]tasks.Task{
		"Trong hạn":                           {Deadline: due(issued + 60)},
		"Sắp đến hạn":                         {Deadline: due(issued + 3)},
		"Đến hạn hôm nay":                     {Deadline: due(issued)},
		"Quá hạn 5 ngày":                      {Deadline: due(issued - 5), Confirmed: true},
		"Cần rà soát":                         {Deadline: due(issued - 5)},
		"Thường xuyên":                        {Deadline: tasks.Deadline{Kind: tasks.Ongoing, Ongoing: true}},
		"Chờ xác định thời hạn":               {Deadline: tasks.Deadline{Kind: tasks.Awaiting}},
		"Đã báo cáo hoàn thành, chờ xác nhận": {Deadline: due(issued + 3), Status: tasks.Reported},
		"Tạm dừng":                            {Deadline: due(issued + 3), Status: tasks.Held},
		"Hoàn thành đúng hạn":                 {Deadline: due(issued), Status: tasks.Done, DoneOn: issued, DoneThrough: issued},
		"Hoàn thành quá hạn":                  {Deadline: due(issued - 1), Status: tasks.Done, DoneOn: issued, DoneThrough: issued - 1},
		"Hoàn thành":                          {Deadline: tasks.Deadline{Kind: tasks.Ongoing, Ongoing: true}, Status: tasks.Done, DoneOn: issued},
		"Sắp đến hạn; thời hạn điều chỉnh: 14/06/2023": {Deadline: moved},
		"Trong hạn; đã xong đến hạn 04/06/2023":        {Deadline: due(issued-1, issued+60), DoneThrough: issued - 1},
	} {
		task.No = "1"
		task.DeadlineOn = issued
		if task.Status == "" {
			task.Status = tasks.Open
		}
		var b strings.Builder
		if err := web.NewExport(tasks.Plan{ID: "p", Issued: issued}, []tasks.Task{task}, d, issued, 14).WriteCSV(&b); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), ";"+want+";") && !strings.Contains(b.String(), `;"`+want+`";`) {
			t.Errorf("want %q in\n%s", want, b.String())
		}
	}
}
