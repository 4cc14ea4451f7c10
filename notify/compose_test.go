package notify

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nhacviec/tasks"
)

var update = flag.Bool("update", false, "write the golden files of Compose anew")

func compose(t testing.TB, s situation, ch tasks.Channel) tasks.Content {
	t.Helper()
	s.m.Channel = ch
	got, err := Compose(s.m, s.b)
	if err != nil {
		t.Fatalf("%s by %s: %v", s.name, ch, err)
	}
	return got
}

const partBreak = "\n=== next part ===\n"

func TestComposeGolden(t *testing.T) {
	t.Parallel()
	for _, s := range situations(t) {
		for _, ch := range s.channels {
			t.Run(s.name+"/"+string(ch), func(t *testing.T) {
				t.Parallel()
				got := compose(t, s, ch)
				stem := filepath.Join("testdata", "compose", s.name+"."+string(ch))
				golden(t, stem+".txt", strings.Join(got.Text, partBreak))
				if ch == tasks.Email {
					golden(t, stem+".subject", got.Subject+"\n")
					golden(t, stem+".html", got.HTML)
				} else if got.Subject != "" || got.HTML != "" {
					t.Error("a chat message has a subject or HTML")
				}
			})
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v; go test ./notify -run TestComposeGolden -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-file +now):\n%s", name, diff)
	}
}

// TestComposeStructure holds every message to what a mail or chat can bear.
func TestComposeStructure(t *testing.T) {
	t.Parallel()
	for _, s := range situations(t) {
		for _, ch := range tasks.Channels {
			t.Run(s.name+"/"+string(ch), func(t *testing.T) {
				t.Parallel()
				if err := wellFormed(ch, compose(t, s, ch)); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestComposeParts pairs each number with its due date in both parts of a mail.
func TestComposeParts(t *testing.T) {
	t.Parallel()
	for _, s := range situations(t) {
		if s.m.Kind != tasks.Reminder {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			got := compose(t, s, tasks.Email)
			var want []string
			for _, st := range s.m.Steps {
				want = append(want, string(st.No)+" "+st.Due.Day())
			}
			slices.Sort(want)
			text := regexp.MustCompile(`(?m)^(\d+(?:\.\w+)?)\. (?s:.*?)\n    (?:(?:Quá|Hạn|Còn) .*?(\d\d/\d\d/\d{4})|Tiến độ|Chưa có thời hạn)`)
			page := regexp.MustCompile(`>(?:(?:Quá|Hạn|Còn) [^<]*</b>[^<]*?(\d\d/\d\d/\d{4})|(?:Tiến độ|Chưa có)[^<]*</b>[^<]*)<br><b [^>]*>(\d+(?:\.\w+)?)\. `)
			var inText, inPage []string
			for _, m := range text.FindAllStringSubmatch(got.Text[0], -1) {
				inText = append(inText, m[1]+" "+m[2])
			}
			for _, m := range page.FindAllStringSubmatch(got.HTML, -1) {
				inPage = append(inPage, m[2]+" "+m[1])
			}
			slices.Sort(inText)
			slices.Sort(inPage)
			if diff := cmp.Diff(inText, inPage); diff != "" {
				t.Errorf("the text (-) and the HTML (+) name other tasks or dates:\n%s", diff)
			}
			if len(want) <= mostRows {
				if diff := cmp.Diff(want, inPage); diff != "" {
					t.Errorf("the message's steps (-) and what the mail shows (+):\n%s", diff)
				}
			} else if len(inPage) != mostRows {
				t.Errorf("%d rows, want %d", len(inPage), mostRows)
			}
		})
	}
}

func TestComposeCounts(t *testing.T) {
	t.Parallel()
	s := many(t, "tu-phap", 60)
	got := compose(t, s, tasks.Email)
	for _, want := range []string{"60 nhiệm vụ cần xử lý, trong đó 20 đã quá hạn", ">20</span>", ">1</span>", ">39</span>", "Sắp đến hạn (39)", "Còn 20 nhiệm vụ nữa"} {
		if !strings.Contains(got.HTML, want) {
			t.Errorf("the HTML of 60 tasks lacks %q", want)
		}
	}
	got = compose(t, reminder(t, "phuong-xa", "30/06/2023", "19", "23"), tasks.Email)
	if strings.Contains(got.HTML, "Hạn hôm nay</span>") || !strings.Contains(got.Subject, "2 nhiệm vụ phối hợp") {
		t.Errorf("a coordinating unit's tasks are counted in the boxes, or not in the subject %q", got.Subject)
	}
}

// TestComposeCommand names the plan where a number alone would not do.
func TestComposeCommand(t *testing.T) {
	t.Parallel()
	s := reminder(t, "van-phong", "25/07/2023", "46")
	one := compose(t, s, tasks.Email).Text[0]
	s.b.Plans["kh126"] = tasks.Plan{ID: "kh126", Title: "Kế hoạch số 126/KH-UBND"}
	two := compose(t, s, tasks.Email).Text[0]
	if !strings.Contains(one, "nhacviec task due 46 dd/mm/yyyy\n") || !strings.Contains(two, "nhacviec task due 46 dd/mm/yyyy --plan ct05\n") {
		t.Errorf("of one plan:\n%s\nof two:\n%s", one, two)
	}
	if unit := compose(t, reminder(t, "tu-phap", "25/07/2023", "46"), tasks.Email).Text[0]; strings.Contains(unit, "nhacviec") {
		t.Errorf("a unit is told a command of the office:\n%s", unit)
	}
}

// TestReportAddsUp counts every task of the plan in exactly one place.
func TestReportAddsUp(t *testing.T) {
	t.Parallel()
	var s situation
	for _, one := range situations(t) {
		if one.name == "report" {
			s = one
		}
	}
	c := composer{Message: s.m, Briefing: s.b, day: tasks.DateOf(s.m.At), audiences: map[string]bool{}}
	l, err := c.report()
	if err != nil {
		t.Fatal(err)
	}
	sums := make([]int, len(l.Table.Head))
	total := 0
	for _, r := range l.Table.Rows {
		for i, n := range r.Cells {
			sums[i] += n
			total += n
		}
	}
	boxes := []int{l.Boxes[0][0].N, l.Boxes[0][1].N, l.Boxes[1][0].N, l.Boxes[1][1].N}
	if !slices.Equal(boxes, sums[:4]) {
		t.Errorf("the boxes say %v, the table %v", boxes, sums)
	}
	if want := len(s.b.Tasks) - 1; total != want { // one is cancelled
		t.Errorf("the table has %d tasks, the plan %d", total, want)
	}
	// By hand: 6 done by 30/06; 22 and 42 late; 26 reported in time; 25 is in review,
	// 33 held, 4 closed without a date, 30 ongoing, 3 awaiting.
	if want := []int{6, 2, 16, 7, 36}; !slices.Equal(sums, want) {
		t.Errorf("columns sum to %v, want %v", sums, want)
	}
	if l.Groups[0].Count != sums[3] {
		t.Errorf("%d overdue tasks listed, %d counted", l.Groups[0].Count, sums[3])
	}
}

// TestTally places single tasks on 14/07/2023.
func TestTally(t *testing.T) {
	t.Parallel()
	monthly, err := tasks.ParseRecurrence("FREQ=MONTHLY;BYMONTHDAY=10")
	if err != nil {
		t.Fatal(err)
	}
	dated := func(due ...string) tasks.Deadline {
		d := tasks.Deadline{Kind: tasks.Dated}
		for _, s := range due {
			d.Due = append(d.Due, day(s))
		}
		return d
	}
	periodic := tasks.Deadline{Kind: tasks.Periodic, RRule: &monthly}
	known := day("05/06/2023")
	tests := []struct {
		name string
		task tasks.Task
		want tally
	}{
		{"due today", tasks.Task{Status: tasks.Open, Deadline: dated("14/07/2023")}, tally{openInTime: 1}},
		{"due yesterday", tasks.Task{Status: tasks.Open, Deadline: dated("13/07/2023")}, tally{openLate: 1}},
		{"the first of two dates passed", tasks.Task{Status: tasks.Open, Deadline: dated("01/07/2023", "31/07/2023")}, tally{openLate: 1}},
		{"the first of two dates done", tasks.Task{Status: tasks.Open, Deadline: dated("01/07/2023", "31/07/2023"), DoneThrough: day("01/07/2023")}, tally{openInTime: 1}},
		{"past when recorded", tasks.Task{Status: tasks.Open, Deadline: dated("01/06/2023"), DeadlineOn: known}, tally{other: 1}},
		{"done on the day", tasks.Task{Status: tasks.Done, DoneOn: day("30/06/2023"), Deadline: dated("30/06/2023")}, tally{doneInTime: 1}},
		{"done the day after", tasks.Task{Status: tasks.Done, DoneOn: day("01/07/2023"), Deadline: dated("30/06/2023")}, tally{doneLate: 1}},
		{"done, nobody knows when", tasks.Task{Status: tasks.Done, Deadline: dated("30/06/2023")}, tally{other: 1}},
		{"done without a date", tasks.Task{Status: tasks.Done, DoneOn: day("30/06/2023"), Deadline: tasks.Deadline{Kind: tasks.Ongoing}}, tally{other: 1}},
		{"reported in time", tasks.Task{Status: tasks.Reported, DoneOn: day("30/06/2023"), Deadline: dated("30/06/2023")}, tally{openInTime: 1}},
		{"reported late", tasks.Task{Status: tasks.Reported, DoneOn: day("01/07/2023"), Deadline: dated("30/06/2023")}, tally{openLate: 1}},
		{"reported, no day noted", tasks.Task{Status: tasks.Reported, Deadline: dated("30/06/2023")}, tally{openLate: 1}},
		{"held", tasks.Task{Status: tasks.Held, Deadline: dated("30/06/2023")}, tally{other: 1}},
		{"ongoing", tasks.Task{Status: tasks.Open, Deadline: tasks.Deadline{Kind: tasks.Ongoing, Ongoing: true}}, tally{other: 1}},
		{"a period missed", tasks.Task{Status: tasks.Open, Deadline: periodic, DeadlineOn: known}, tally{openLate: 1}},
		{"a period kept", tasks.Task{Status: tasks.Open, Deadline: periodic, DeadlineOn: known, DoneThrough: day("10/07/2023")}, tally{openInTime: 1}},
		{"a series ended in time", tasks.Task{Status: tasks.Done, Deadline: periodic, DeadlineOn: known, DoneThrough: day("10/06/2023"), DoneOn: day("01/07/2023")}, tally{doneInTime: 1}},
		{"a series ended late", tasks.Task{Status: tasks.Done, Deadline: periodic, DeadlineOn: known, DoneThrough: day("10/06/2023"), DoneOn: day("12/07/2023")}, tally{doneLate: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got tally
			*got.cell(tt.task, day("14/07/2023"))++
			if got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestComposeRefuses(t *testing.T) {
	t.Parallel()
	b := briefing(t)
	at := day("12/07/2023").At(7, 30, vietnam)
	to := tasks.Recipient{Channel: tasks.Email, Unit: "tu-phap"}
	bare := b
	bare.Units = nil
	empty := b
	empty.Tasks = nil
	tests := []struct {
		name string
		m    tasks.Message
		b    tasks.Briefing
		want string
	}{
		{"no steps", tasks.Message{Kind: tasks.Reminder, At: at, Recipient: to}, b, "no steps"},
		{"no review items", tasks.Message{Kind: tasks.ReviewNotice, At: at, Recipient: to}, b, "no review items"},
		{"no failures", tasks.Message{Kind: tasks.FailureNotice, At: at, Recipient: to}, b, "no failures"},
		{"no tasks", tasks.Message{Kind: tasks.WeeklyReport, At: at, Recipient: to}, empty, "no tasks"},
		{"no units", tasks.Message{Kind: tasks.WeeklyReport, At: at, Recipient: to}, bare, "no units"},
		{"unknown kind", tasks.Message{Kind: "birthday", At: at, Recipient: to}, b, `unknown kind "birthday"`},
		{"unknown channel", tasks.Message{Kind: tasks.WeeklyReport, At: at, Recipient: tasks.Recipient{Channel: "fax"}}, b, `unknown channel "fax"`},
		{"unknown task", tasks.Message{Kind: tasks.Reminder, At: at, Recipient: to, Steps: []tasks.Step{step("999", day("12/07/2023"), day("13/07/2023"))}}, b, "task ct05/999 is not in the briefing"},
		{"unknown step", tasks.Message{Kind: tasks.Reminder, At: at, Recipient: to, Steps: []tasks.Step{{Key: key("21"), Name: "soon"}}}, b, `unknown step "soon"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Compose(tt.m, tt.b)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if got.Subject != "" || got.HTML != "" || got.Text != nil {
				t.Errorf("content with an error: %+v", got)
			}
		})
	}
}

// What goes out by mail in the place of a chat message is not called lost: nobody
// is asked to send it again.
func TestComposeFailureByMail(t *testing.T) {
	t.Parallel()
	m := tasks.Message{Kind: tasks.FailureNotice, At: day("12/07/2023").At(8, 0, vietnam), Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "van-phong", Address: "vp@example.gov.vn"},
		Failures: []tasks.Failure{{ID: "a2b3c4d5e6f7g2h3i4j5k6l7m2", ByMail: true, Cause: "Forbidden: bot was kicked",
			Recipient: tasks.Recipient{Channel: tasks.Telegram, Unit: "tu-phap", Address: "-1009876543210"}}}}
	c, err := Compose(m, tasks.Briefing{Units: planUnits(t)})
	if err != nil {
		t.Fatal(err)
	}
	text := c.Subject + "\n" + strings.Join(strings.Fields(c.Text[0]), " ")
	for _, want := range []string{"1 thông báo chuyển sang thư điện tử", "phần mềm đã chuyển nội dung tới hộp thư của đơn vị", "bot was kicked", "-1009876543210"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "resend") || strings.Contains(text, "không gửi được") {
		t.Errorf("it asks for what is done:\n%s", text)
	}
}
