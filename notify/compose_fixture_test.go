package notify

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"nhacviec/tasks"
)

var vietnam = time.FixedZone("+07", 7*60*60)

// planUnits are the units of the seed plan, as a config would name them.
func planUnits(t testing.TB) *tasks.Directory {
	t.Helper()
	rooms := []string{"cong-an", "van-phong", "tu-phap", "tai-chinh", "noi-vu", "lao-dong", "giao-duc", "van-hoa", "tai-nguyen", "y-te", "thanh-tra"}
	unit := func(code, name, head string, aliases ...string) tasks.Unit {
		return tasks.Unit{
			Code: code, Name: name, Head: head, Aliases: aliases, Superior: "ubnd",
			Addresses: map[tasks.Channel][]string{tasks.Email: {code + "@example.gov.vn"}},
		}
	}
	d, problems := tasks.NewDirectory([]tasks.Unit{
		{Code: "ubnd", Name: "Ủy ban nhân dân thành phố Đồng Xoài", Head: "Đồng chí Chủ tịch Ủy ban nhân dân thành phố", Aliases: []string{"Ủy ban nhân dân thành phố"}},
		unit("cong-an", "Công an thành phố", "Trưởng Công an thành phố"),
		unit("van-phong", "Văn phòng HĐND và UBND thành phố", "Chánh Văn phòng HĐND và UBND thành phố"),
		unit("tu-phap", "Phòng Tư pháp", "Trưởng phòng Tư pháp"),
		unit("tai-chinh", "Phòng Tài chính - Kế hoạch", "Trưởng phòng Tài chính - Kế hoạch"),
		unit("noi-vu", "Phòng Nội vụ", "Trưởng phòng Nội vụ"),
		unit("lao-dong", "Phòng Lao động - Thương binh và Xã hội", ""),
		unit("giao-duc", "Phòng Giáo dục và Đào tạo", "Trưởng phòng Giáo dục và Đào tạo"),
		unit("van-hoa", "Phòng Văn hóa và Thông tin", "Trưởng phòng Văn hóa và Thông tin"),
		unit("tai-nguyen", "Phòng Tài nguyên và Môi trường", ""),
		unit("y-te", "Trung tâm Y tế thành phố", "Giám đốc Trung tâm Y tế thành phố", "Trung tâm Y tế"),
		unit("thanh-tra", "Thanh tra thành phố", "Chánh Thanh tra thành phố"),
		unit("toa-an", "Tòa án nhân dân thành phố", "Chánh án Tòa án nhân dân thành phố"),
		unit("vien-kiem-sat", "Viện Kiểm sát nhân dân thành phố", ""),
		unit("thue", "Chi cục Thuế khu vực Đồng Xoài - Đồng Phú", ""),
		unit("dai", "Đài Truyền thanh và Truyền hình thành phố", ""),
		{Code: "cac-phong-ban", Name: "Các phòng, ban, ngành", Members: rooms},
		{Code: "cac-phong-ban-phuong", Name: "Các phòng, ban, ngành; UBND các xã, phường", Members: rooms},
		{Code: "phuong-xa", Name: "UBND các phường-xã", Addresses: map[tasks.Channel][]string{tasks.Telegram: {"-100777"}}},
		{Code: "to-cong-tac", Name: "Tổ công tác Đề án 06", Addresses: map[tasks.Channel][]string{tasks.Telegram: {"-1009876543210"}}},
		unit("dai-danh", "Ban Chỉ đạo chuyển đổi số và thực hiện Đề án phát triển ứng dụng dữ liệu về dân cư, định danh và xác thực điện tử thành phố", ""),
	})
	if len(problems) > 0 {
		t.Fatalf("the fixture's units have problems: %v", problems)
	}
	return d
}

var planTitle = "Kế hoạch thực hiện Chỉ thị số 05/CT-TTg của Ủy ban nhân dân thành phố"

// briefing returns the seed plan's tasks and what else a composer must know.
func briefing(t testing.TB) tasks.Briefing {
	t.Helper()
	data, err := os.ReadFile("testdata/compose/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []tasks.Task
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	b := tasks.Briefing{
		Office: tasks.Office{
			Organization: "Ủy ban nhân dân thành phố Đồng Xoài", Unit: "van-phong",
			Contact: "Văn phòng HĐND và UBND thành phố, 0271.3888.999",
		},
		Units: planUnits(t),
		Plans: map[string]tasks.Plan{"ct05": {ID: "ct05", Title: planTitle, Issued: day("05/06/2023")}},
		Tasks: map[tasks.Key]tasks.Task{},
		Soon:  14,
	}
	for _, task := range list {
		b.Tasks[task.Key] = task
	}
	return b
}

func day(s string) tasks.Date {
	d, err := tasks.ParseDay(s)
	if err != nil {
		panic(err)
	}
	return d
}

func key(no string) tasks.Key { return tasks.Key{Plan: "ct05", No: tasks.Number(no)} }

// step returns the step that asks about a due date on the message's day.
func step(no string, on, due tasks.Date) tasks.Step {
	left := int(due - on)
	name := tasks.StepBefore(left)
	if left < 0 {
		name = tasks.StepOverdue(-left)
	}
	return tasks.Step{Rule: "sap-den-han", Key: key(no), Name: name, Due: due, DaysLeft: &left, Version: 1}
}

// situation is a message with what its composer knows.
type situation struct {
	name     string
	channels []tasks.Channel
	m        tasks.Message
	b        tasks.Briefing
}

// reminder builds a reminder with one step for each open due date of each task.
func reminder(t testing.TB, unit, on string, numbers ...string) situation {
	t.Helper()
	b, d := briefing(t), day(on)
	m := tasks.Message{Kind: tasks.Reminder, At: d.At(7, 30, vietnam), Recipient: tasks.Recipient{Unit: unit}}
	for _, no := range numbers {
		task, ok := b.Tasks[key(no)]
		if !ok {
			t.Fatalf("the seed plan has no task %s", no)
		}
		switch task.Deadline.Kind {
		case tasks.Ongoing:
			m.Steps = append(m.Steps, tasks.Step{Key: key(no), Name: tasks.StepProgress(d)})
		case tasks.Awaiting:
			m.Steps = append(m.Steps, tasks.Step{Key: key(no), Name: tasks.StepDateWanted(d)})
		default:
			for _, due := range task.Deadline.Due {
				m.Steps = append(m.Steps, step(no, d, due))
			}
		}
	}
	return situation{m: m, b: b}
}

// move gives a task of a reminder another due date.
func (s situation) move(no, due string) situation {
	task := s.b.Tasks[key(no)]
	task.Deadline.Due = []tasks.Date{day(due)}
	s.b.Tasks[key(no)] = task
	for i, st := range s.m.Steps {
		if st.Key == key(no) {
			s.m.Steps[i] = step(no, tasks.DateOf(s.m.At), day(due))
		}
	}
	return s
}

// many builds a reminder of n made-up tasks, due day by day around the day.
func many(t testing.TB, unit string, n int) situation {
	t.Helper()
	s := reminder(t, unit, "12/07/2023")
	on := tasks.DateOf(s.m.At)
	for i := range n {
		no := fmt.Sprint(100 + i)
		due := on + tasks.Date(i-n/3)
		s.b.Tasks[key(no)] = tasks.Task{
			Key: key(no), Lead: tasks.UnitRef{Text: "Phòng Tư pháp"}, Status: tasks.Open,
			Coordinating: []tasks.UnitRef{{Text: "Công an thành phố; UBND các phường-xã; Sở Thông tin và Truyền thông"}},
			Content:      fmt.Sprintf("Rà soát, tổng hợp số liệu đợt %d về kết quả triển khai Đề án 06 tại các xã, phường và đề xuất giải pháp khắc phục khó khăn, vướng mắc trong quá trình số hóa dữ liệu hộ tịch, kết nối với Cơ sở dữ liệu quốc gia về dân cư", i+1),
			Product:      "Báo cáo kết quả kèm phụ lục số liệu của từng xã, phường",
			Deadline:     tasks.Deadline{Text: due.Day(), Kind: tasks.Dated, Due: []tasks.Date{due}, Source: tasks.FromDeadline, Version: 1},
		}
		s.m.Steps = append(s.m.Steps, step(no, on, due))
	}
	return s
}

// edit changes tasks of a situation.
func (s situation) edit(f func(*tasks.Task), numbers ...string) situation {
	for _, no := range numbers {
		task := s.b.Tasks[key(no)]
		f(&task)
		s.b.Tasks[key(no)] = task
	}
	return s
}

func (s situation) named(name string, channels ...tasks.Channel) situation {
	s.name, s.channels = name, channels
	return s
}

const nasty = "Rà soát <b>\"số liệu\"</b> & 'kết quả' <script>alert(1)</script>\x00\x1b[31m \u202eđảo\u202c {{.Subject}} [@all] [\u200b@0] &amp; ]]> <!-- \r\nBcc: x@example.com"

// eight is a mail of the seed plan's own tasks; two of them have been extended.
func eight(t testing.TB) situation {
	return reminder(t, "giao-duc", "30/06/2023", "42", "60", "62", "63", "43", "19", "23", "24").move("62", "07/07/2023").move("63", "14/07/2023")
}

// situations are the messages that the golden files show.
func situations(t testing.TB) []situation {
	t.Helper()
	chats := []tasks.Channel{tasks.Telegram, tasks.ZaloBot}
	every := append([]tasks.Channel{tasks.Email}, chats...)

	dated := reminder(t, "to-cong-tac", "30/06/2023", "42", "19", "20", "22", "23", "24", "26", "27", "28", "33", "35", "44", "45", "49", "51", "60", "62", "63", "21")
	ongoing := make([]string, 0, 11)
	for i := 1; i <= 11; i++ {
		ongoing = append(ongoing, fmt.Sprint(i))
	}

	phased := reminder(t, "tu-phap", "12/07/2023", "21", "22")
	phased = phased.edit(func(task *tasks.Task) {
		task.Deadline.Due = []tasks.Date{day("02/07/2023"), day("12/07/2023"), day("31/07/2023")}
	}, "21")
	phased.m.Steps = []tasks.Step{
		step("21", day("12/07/2023"), day("31/07/2023")), step("21", day("12/07/2023"), day("02/07/2023")),
		step("21", day("12/07/2023"), day("12/07/2023")), step("22", day("12/07/2023"), day("30/06/2023")),
	}

	twoPlans := reminder(t, "tu-phap", "12/07/2023", "21", "22")
	other := tasks.Key{Plan: "kh126", No: "3.a"}
	twoPlans.b.Plans["kh126"] = tasks.Plan{ID: "kh126", Title: "Kế hoạch số 126/KH-UBND về chuyển đổi số năm 2023"}
	twoPlans.b.Tasks[other] = tasks.Task{Key: other, Lead: tasks.UnitRef{Text: "PHÒNG TƯ PHÁP"}, Content: "Số hóa sổ hộ tịch", Deadline: tasks.Deadline{Kind: tasks.Dated, Due: []tasks.Date{day("09/07/2023")}}}
	late := step("3.a", day("12/07/2023"), day("09/07/2023"))
	late.Key = other
	twoPlans.m.Steps = append(twoPlans.m.Steps, late)

	office := func(kind tasks.MessageKind, on string, hour, min int) situation {
		return situation{b: briefing(t), m: tasks.Message{Kind: kind, At: day(on).At(hour, min, vietnam), Recipient: tasks.Recipient{Unit: "van-phong"}}}
	}
	review := office(tasks.ReviewNotice, "06/06/2023", 7, 30)
	for _, no := range []string{"25", "20", "1", "42"} {
		review.m.Review = append(review.m.Review, tasks.Review(review.b.Tasks[key(no)], review.b.Units, day("06/06/2023"))...)
	}
	review.m.Review = append(review.m.Review,
		tasks.ReviewItem{Key: key("30"), Reason: tasks.DeadlineUnknown, Detail: "31/6/2023", Cure: "nhacviec task due 30 DD/MM/YYYY"},
		tasks.ReviewItem{Key: key("32"), Reason: tasks.DeadlineMissing, Cure: "nhacviec task due 32 DD/MM/YYYY"})

	failure := office(tasks.FailureNotice, "12/07/2023", 8, 0)
	failure.m.Failures = []tasks.Failure{
		{ID: "k7w2m4q6z3x5c7v2b4n6m2a4s6", Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "tu-phap", Address: "tuphap@example.gov.vn"}, At: day("12/07/2023").At(7, 30, time.UTC).Add(-7 * time.Hour), Cause: "Kênh này từ chối thông báo", Detail: "550 5.1.1 <tuphap@example.gov.vn>: Recipient address rejected: User unknown"},
		{ID: "a2b3c4d5e6f7g2h3i4j5k6l7m2", Recipient: tasks.Recipient{Channel: tasks.Telegram, Unit: "to-cong-tac", Address: "-1009876543210"}, At: day("11/07/2023").At(7, 30, vietnam), Cause: "Kênh này từ chối thông báo", Detail: "Forbidden: bot was kicked from the supergroup chat"},
		{ID: "b3c4d5e6f7g2h3i4j5k6l7m2n3", Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "cong-an", Address: "congan@example.gov.vn"}, At: day("12/07/2023").At(7, 30, vietnam), Unsure: true, Cause: "Phần mềm đã dừng đột ngột 3 lần trong khi gửi thông báo này, nên không tự gửi nữa"},
		{At: day("12/07/2023").At(6, 0, vietnam), Times: 39, Cause: "Cấu hình mới không dùng được, cấu hình cũ vẫn có hiệu lực. Đề nghị quản trị viên sửa tệp cấu hình, kiểm tra bằng lệnh «nhacviec check», rồi chạy lệnh dưới đây", Command: "nhacviec reload",
			Detail: "config.toml:31: rules.sap-den-han.cron: impossible date (got \"0 0 31 2 *\")"},
	}

	report := office(tasks.WeeklyReport, "14/07/2023", 16, 30)
	finish := func(on string) func(*tasks.Task) {
		return func(task *tasks.Task) { task.Status, task.DoneOn = tasks.Done, day(on) }
	}
	report.edit(finish("28/06/2023"), "19", "20", "23", "24", "44", "45")
	report.edit(finish("05/07/2023"), "22", "42")
	report.edit(finish("05/07/2023"), "4")
	report.edit(func(task *tasks.Task) { task.Status, task.DoneOn = tasks.Reported, day("29/06/2023") }, "26")
	report.edit(func(task *tasks.Task) { task.Status = tasks.Held }, "33")
	report.edit(func(task *tasks.Task) { task.Status = tasks.Cancelled }, "51")

	gone := reminder(t, "bo-phan-cu", "12/07/2023", "22")

	return []situation{
		eight(t).named("eight", every...),
		reminder(t, "tu-phap", "12/07/2023", "22").named("one", every...),
		many(t, "tu-phap", 41).named("forty-one", tasks.Email),
		many(t, "tu-phap", 60).named("sixty", every...),
		reminder(t, "phuong-xa", "30/06/2023", "19", "23", "24").named("coordinating", every...),
		reminder(t, "tu-phap", "12/07/2023", "21", "22").edit(func(task *tasks.Task) {
			task.Content = strings.Repeat("Thực hiện số hóa dữ liệu hộ tịch ", 30_000)
			task.Lead.Text, task.Lead.Code = strings.Repeat("Ban Chỉ đạo ", 5_000), ""
			task.Product = strings.Repeat("x", 1<<20)
		}, "21").named("long", every...),
		reminder(t, "dai-danh", "12/07/2023", "21", "22").edit(func(task *tasks.Task) { task.Lead = tasks.UnitRef{Code: "dai-danh"} }, "21", "22").named("long-unit", tasks.Email),
		reminder(t, "tu-phap", "12/07/2023", "22").edit(func(task *tasks.Task) {
			task.Content, task.Product = nasty, nasty
			task.Coordinating = []tasks.UnitRef{{Text: "Sở <A> & \"B\" [@x]"}}
		}, "22").named("markup", every...),
		reminder(t, "tu-phap", "12/07/2023", "22").edit(func(task *tasks.Task) {
			task.Content = norm.NFD.String(task.Content)
			task.Lead = tasks.UnitRef{Text: norm.NFD.String("PHÒNG TƯ PHÁP")}
		}, "22").named("nfd", every...),
		phased.named("phased", every...),
		reminder(t, "cong-an", "25/07/2023", ongoing...).named("progress", every...),
		reminder(t, "ubnd", "08/07/2023", "22", "42", "44", "45", "28").named("superior", every...),
		dated.named("shared-chat", every...),
		reminder(t, "van-phong", "24/07/2023", "17", "19", "20", "33", "35", "36", "37", "61").named("mixed", every...),
		reminder(t, "van-phong", "25/07/2023", awaiting(t)...).named("date-wanted", every...),
		reminder(t, "tu-phap", "25/07/2023", awaiting(t)...).named("date-wanted-unit", tasks.Email),
		twoPlans.named("two-plans", every...),
		gone.named("unit-gone", tasks.Email),
		review.named("review", every...),
		failure.named("failure", every...),
		report.named("report", every...),
	}
}

// awaiting returns the numbers of the seed plan's tasks without a date.
func awaiting(t testing.TB) []string {
	var out []string
	for k, task := range briefing(t).Tasks {
		if task.Deadline.Kind == tasks.Awaiting {
			out = append(out, string(k.No))
		}
	}
	return out
}
