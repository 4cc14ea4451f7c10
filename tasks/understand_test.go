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
	if diff := Compare(got, got, today+1); len(diff.Same) != 4 {
		t.Errorf("the same plan again is not the same: %+v", diff)
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
