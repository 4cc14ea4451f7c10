package tasks

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReview(t *testing.T) {
	t.Parallel()
	d := city(t)
	known := UnitRef{"cong-an", "CÔNG AN THÀNH PHỐ"}
	words := func(d Deadline, text, source string) Deadline {
		if d.Text, d.Source = text, source; source == FromContent {
			d.Text, d.Found = "", text
		}
		return d
	}
	past := words(dated(t, "2023-03-31"), "Tháng 3/2023", FromDeadline)
	found := words(dated(t, "2023-07-31"), "hoàn thành trong tháng 7/2023", FromContent)
	foundPast := words(dated(t, "2023-03-31"), "hoàn thành trong tháng 3/2023", FromContent)
	twice := words(dated(t, "2023-03-31", "2023-09-30"), "", FromDeadline)
	fine := words(dated(t, "2023-07-31"), "Tháng 7/2023", FromDeadline)
	ongoing := Deadline{Kind: Ongoing, Ongoing: true, Text: "Thường xuyên"}

	const due, confirm = "nhacviec task due 25 DD/MM/YYYY", "nhacviec task confirm 25"
	type items [][3]string
	for _, c := range []struct {
		name string
		task Task
		want items
	}{
		{"nothing", Task{Lead: known, Deadline: fine}, nil},
		{"ongoing", Task{Lead: known, Deadline: ongoing}, nil},
		{"awaiting", Task{Lead: known, Deadline: Deadline{Kind: Awaiting, Text: "Theo tiến độ"}}, nil},
		{"a series", Task{Lead: known, Deadline: series(t, "FREQ=MONTHLY;BYMONTHDAY=1")}, nil},

		{"no deadline", Task{Lead: known, Deadline: Deadline{Kind: Unknown}}, items{{DeadlineMissing, "", due}}},
		{"no deadline, held", Task{Lead: known, Deadline: Deadline{Kind: Unknown}, Status: Held}, items{{DeadlineMissing, "", due}}},
		{"no deadline, done", Task{Lead: known, Deadline: Deadline{Kind: Unknown}, Status: Done}, nil},
		{"no deadline, cancelled", Task{Lead: known, Deadline: Deadline{Kind: Unknown}, Status: Cancelled}, nil},
		{"words not understood", Task{Lead: known, Deadline: Deadline{Kind: Unknown, Text: "31/6/2023"}}, items{{DeadlineUnknown, "31/6/2023", due}}},

		{"in the content", Task{Lead: known, Deadline: found}, items{{DeadlineInContent, "hoàn thành trong tháng 7/2023", confirm}}},
		{"in the content, confirmed", Task{Lead: known, Deadline: found, Confirmed: true}, nil},
		{"in the content, set by hand since", Task{Lead: known, Deadline: words(found, found.Text, FromAdmin)}, nil},
		{"in the content and past", Task{Lead: known, Deadline: foundPast}, items{
			{DeadlineInContent, "hoàn thành trong tháng 3/2023", confirm}, {DeadlinePast, "hoàn thành trong tháng 3/2023", confirm}}},

		{"past", Task{Lead: known, Deadline: past}, items{{DeadlinePast, "Tháng 3/2023", confirm}}},
		{"past, reported", Task{Lead: known, Deadline: past, Status: Reported}, items{{DeadlinePast, "Tháng 3/2023", confirm}}},
		{"past, confirmed", Task{Lead: known, Deadline: past, Confirmed: true}, nil},
		{"past, its date done", Task{Lead: known, Deadline: twice, DoneThrough: day(t, "2023-03-31")}, nil},
		{"one date past, without words", Task{Lead: known, Deadline: twice}, items{{DeadlinePast, "31/03/2023, 30/09/2023", confirm}}},

		{"a lead found again", Task{Lead: UnitRef{"", "CATP"}, Deadline: fine}, nil},
		{"no lead", Task{Deadline: fine}, items{{UnitUnknown, "", "nhacviec task lead 25 UNIT"}}},
		{"an unknown lead", Task{Lead: UnitRef{"", "THANH TRA THÀNH PHỐ"}, Deadline: fine},
			items{{UnitUnknown, "THANH TRA THÀNH PHỐ", `new [units.thanh-tra-thanh-pho]: name = "THANH TRA THÀNH PHỐ"`}}},
		{"a lead whose unit has other names",
			Task{Lead: UnitRef{"", "Công an thành phô"}, Deadline: fine},
			items{{UnitUnknown, "Công an thành phô", `in [units.cong-an]: aliases = ["CATP", "Công an thành phô"], or new [units.cong-an-thanh-pho]: name = "Công an thành phô"`}}},
		{"a lead whose words are no code", Task{Lead: UnitRef{"", "東京"}, Deadline: fine}, items{{UnitUnknown, "東京", `new [units.don-vi]: name = "東京"`}}},
		{"a lead that is another", Task{Lead: UnitRef{"", "CÔNG AN TỈNH"}, Deadline: fine},
			items{{UnitUnknown, "CÔNG AN TỈNH", `new [units.cong-an-tinh]: name = "CÔNG AN TỈNH"`}}},
		{"two known leads without a group", Task{Lead: UnitRef{"", "Công an thành phố; Phòng Tư pháp"}, Deadline: fine},
			items{{UnitUnknown, "Công an thành phố; Phòng Tư pháp", `new [units.cong-an-thanh-pho-phong-tu-phap]: name = "Công an thành phố; Phòng Tư pháp", members = ["cong-an", "tu-phap"]`}}},
		{"unknown coordinating units, one of them twice", Task{Lead: known, Deadline: fine,
			Coordinating: []UnitRef{{"", "Sở X"}, {"", "CATP"}, {"", "Sở X"}, {"", "Phòng Tư phap"}}},
			items{{UnitUnknown, "Sở X", `new [units.so-x]: name = "Sở X"`},
				{UnitUnknown, "Phòng Tư phap", `in [units.tu-phap]: aliases = ["Phòng Tư phap"], or new [units.phong-tu-phap]: name = "Phòng Tư phap"`}}},
		{"a lead that nobody can reach", Task{Lead: UnitRef{"tckh", "PHÒNG TÀI CHÍNH - KẾ HOẠCH"}, Deadline: fine},
			items{{UnitNoAddress, "PHÒNG TÀI CHÍNH - KẾ HOẠCH", `in [units.tckh]: email = ["…"]`}}},
		{"a group some of whom can be reached", Task{Lead: UnitRef{"phong-ban", "Các phòng, ban, ngành"}, Deadline: fine}, nil},
		{"a coordinating unit that nobody can reach", Task{Lead: known, Deadline: fine, Coordinating: []UnitRef{{"tckh", "Phòng TCKH"}}}, nil},
	} {
		c.task.Key = Key{"ct05", "25"}
		c.task.DeadlineOn = day(t, "2023-06-05")
		c.task.Deadline.Version = 2
		if c.task.Status == "" {
			c.task.Status = Open
		}
		var got items
		for _, i := range Review(c.task, d, day(t, "2023-06-05")) {
			if i.Key != c.task.Key || i.Version != 2 {
				t.Errorf("%s: the item is about %v, version %d", c.name, i.Key, i.Version)
			}
			got = append(got, [3]string{i.Reason, i.Detail, i.Cure})
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func BenchmarkReview(b *testing.B) {
	d := city(b)
	task := resolvedTask()
	task.Status, task.Deadline = Open, Deadline{Kind: Dated, Due: []Date{20000}}
	for b.Loop() {
		Review(task, d, 19000)
	}
}
