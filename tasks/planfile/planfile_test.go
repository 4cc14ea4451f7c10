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
	doc, err := Read("testdata/ke-hoach-05.md", Options{})
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

func TestSeedPlanAcrossPages(t *testing.T) {
	t.Parallel()
	doc, err := Read("testdata/ke-hoach-05.md", Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		no   int
		got  func(tasks.Row) string
		want string
	}{
		{27, func(r tasks.Row) string { return r.Content }, "Nghiên cứu xây dựng cơ chế, chính sách phù hợp, hiệu quả về đào tạo, tuyển dụng, bố trí, đãi ngộ nhân lực chuyển đổi số, nhất là nhân lực chất lượng cao; hạn chế tình trạng chảy máu chất xám. Tăng cường kỷ luật, kỷ cương hành chính, đổi mới phương thức, lễ lới làm việc, kiên quyết xử lý theo đúng quy định những cán bộ, công chức, viên chức có hành vi những nhiều, tiêu cực, tự ý đặt ra TTHC không đúng quy định hoặc để chậm, muộn hồ sơ giải quyết TTHC"},
		{27, func(r tasks.Row) string { return r.Product }, "Đảm bảo nguồn nhân lực chất lượng phục vụ triển khai Đề án; môi trường làm việc minh bạch, được người dân tin tưởng"},
		{27, func(r tasks.Row) string { return r.Deadline }, "Tháng 06/2023"},
		{29, func(r tasks.Row) string { return r.Coordinating }, "Công an thành phố, Phòng Văn hóa và Thông tin; các phòng, ban, ngành, đơn vị liên quan, Ủy ban nhân dân các phường-xã"},
		{29, func(r tasks.Row) string { return r.Content }, "Khai thác, tận dụng thông tin từ Cơ sở dữ liệu quốc gia về dân cư đảm bảo tránh trùng lặp nhiều thông tin để phục vụ quản lý cán bộ công chức, viên chức của cơ quan nhà nước các cấp; Hướng dẫn công tác thi đua khen thưởng cho các tập thể, cá nhân thành tích xuất sắc trong thực hiện Đề án 06."},
		{30, func(r tasks.Row) string { return r.Content }, "Số hóa dữ liệu về cán bộ, công chức, viên chức"},
		{30, func(r tasks.Row) string { return r.Coordinating }, "Các đơn vị chức năng Sở Nội vụ; Công an thành phố; Phòng Văn hóa và Thông tin; UBND các các các phường-xã"},
		{9, func(r tasks.Row) string { return r.Content[len(r.Content)-len("các Hội, Đoàn thể..)."):] }, "các Hội, Đoàn thể..)."},
		{55, func(r tasks.Row) string { return r.Lead }, "THANH TRA THÀNH PHỐ"},
		{55, func(r tasks.Row) string { return r.Product }, "Cơ sở dữ liệu quốc gia về khiếu nại tố cáo và phòng, chống tham nhũng; Cơ sở dữ liệu quốc gia về tài sản, thu nhập gia về quản lý tài sản, thu nhập"},
	} {
		if got := c.got(doc.Rows[c.no-1]); got != c.want {
			t.Errorf("task %d\n got %s\nwant %s", c.no, got, c.want)
		}
	}
	if line := doc.Rows[26].Line; line != 60 {
		t.Errorf("task 27 starts in line %d, want 60", line)
	}
}

// Only one task of the plan has its deadline in its text, however many dates
// the texts cite.
func TestSeedPlanContents(t *testing.T) {
	t.Parallel()
	doc, err := Read("testdata/ke-hoach-05.md", Options{})
	if err != nil {
		t.Fatal(err)
	}
	issued, _ := tasks.ParseDate("2023-06-05")
	for _, r := range doc.Rows {
		for _, text := range []string{r.Content, r.Note, r.Product} {
			if d, ok := tasks.DeadlineFromContent(text, issued); ok != (r.No == "25" && text == r.Content) {
				t.Errorf("task %s: %v %s in %q", r.No, ok, d.Explain(), text)
			}
		}
	}
}

func BenchmarkReadMarkdown(b *testing.B) {
	data, err := os.ReadFile("testdata/ke-hoach-05.md")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := ReadMarkdown("plan.md", data); err != nil {
			b.Fatal(err)
		}
	}
}
