package notify

import (
	"flag"
	"fmt"
	"html"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

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

// wellFormed returns what is wrong with the form of a message.
func wellFormed(ch tasks.Channel, c tasks.Content) error {
	for _, part := range append([]string{c.Subject, c.HTML}, c.Text...) {
		if !utf8.ValidString(part) || !norm.NFC.IsNormalString(part) {
			return fmt.Errorf("not valid NFC: %.200q", part)
		}
		for _, r := range part {
			if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) {
				return fmt.Errorf("control or invisible character %U", r)
			}
		}
	}
	if len(c.Text) == 0 || strings.TrimSpace(c.Text[0]) == "" {
		return fmt.Errorf("no text")
	}
	switch ch {
	case tasks.Email:
		return mailWellFormed(c)
	case tasks.Telegram:
		for i, part := range c.Text {
			if err := partFits(part, 4096, i, len(c.Text)); err != nil {
				return err
			}
			if err := telegramHTML(part); err != nil {
				return fmt.Errorf("part %d: %w", i+1, err)
			}
		}
	default:
		for i, part := range c.Text {
			if err := partFits(part, 1900, i, len(c.Text)); err != nil {
				return err
			}
			if strings.Contains(part, "[@") {
				return fmt.Errorf("part %d would mention somebody: %s", i+1, part)
			}
		}
	}
	return nil
}

func partFits(part string, limit, i, n int) error {
	if got := units16(part); got > limit {
		return fmt.Errorf("part %d has %d UTF-16 units, the limit is %d", i+1, got, limit)
	}
	first, _, _ := strings.Cut(part, "\n")
	if mark := fmt.Sprintf("(%d/%d)", i+1, n); strings.Contains(first, mark) != (n > 1) {
		return fmt.Errorf("part %d of %d begins with %q", i+1, n, first)
	}
	return nil
}

var tag = regexp.MustCompile(`<[^>]*>`)

// telegramHTML returns what Telegram would refuse: a tag it is not sent, one
// not closed, a bare sign, more than 100 entities.
func telegramHTML(s string) error {
	open, entities := "", 0
	for _, at := range tag.FindAllString(s, -1) {
		switch at {
		case "<b>", "<i>":
			if open != "" {
				return fmt.Errorf("%s inside %s", at, open)
			}
			open = at
			entities++
		case "</b>", "</i>":
			if at != strings.Replace(open, "<", "</", 1) {
				return fmt.Errorf("%s closes %q", at, open)
			}
			open = ""
		default:
			return fmt.Errorf("unexpected tag %s", at)
		}
	}
	if open != "" {
		return fmt.Errorf("%s is not closed", open)
	}
	if entities > 100 {
		return fmt.Errorf("%d entities, Telegram styles 100", entities)
	}
	text := tag.ReplaceAllString(s, "")
	if strings.ContainsAny(text, "<>") {
		return fmt.Errorf("a bare < or >")
	}
	for _, piece := range strings.Split(text, "&")[1:] {
		if !slices.ContainsFunc([]string{"amp;", "lt;", "gt;"}, func(e string) bool { return strings.HasPrefix(piece, e) }) {
			return fmt.Errorf("a bare & before %.20q", piece)
		}
	}
	return nil
}

var (
	fixedWidth = regexp.MustCompile(`width(?:="|:)(\d+)(px|"|;)`)
	inlinePair = regexp.MustCompile(`(?:^|;)(color|background):(#[0-9a-f]{6})`)
	styleAttr  = regexp.MustCompile(`style="([^"]*)"`)
)

func mailWellFormed(c tasks.Content) error {
	if n := utf8.RuneCountInString(c.Subject); n > 78 || !strings.HasPrefix(c.Subject, "[Nhắc hạn] ") {
		return fmt.Errorf("subject of %d characters: %s", n, c.Subject)
	}
	if strings.ContainsAny(c.Subject, "\r\n") {
		return fmt.Errorf("subject with a line break: %q", c.Subject)
	}
	if len(c.HTML) >= 60_000 {
		return fmt.Errorf("the HTML has %d bytes", len(c.HTML))
	}
	if len(c.Text) != 1 {
		return fmt.Errorf("%d text parts", len(c.Text))
	}
	body := comment.ReplaceAllString(c.HTML, "")
	for _, bad := range []string{"http://", "https://", "<img", "url(", "<a ", "<script", "javascript:", "ZgotmplZ"} {
		if strings.Contains(strings.ToLower(strings.ReplaceAll(body, `xmlns="http://www.w3.org/1999/xhtml"`, "")), strings.ToLower(bad)) {
			return fmt.Errorf("the HTML has %q", bad)
		}
	}
	if err := balanced(body); err != nil {
		return err
	}
	for _, m := range fixedWidth.FindAllStringSubmatch(body, -1) {
		if w, _ := strconv.Atoi(m[1]); w > 100 && !(m[1] == "600" && strings.Contains(c.HTML, "max-width:600px")) {
			return fmt.Errorf("a fixed width: %s", m[0])
		}
	}
	for _, line := range strings.Split(c.Text[0], "\n") {
		// A command is to be copied whole.
		if utf8.RuneCountInString(line) > 76 && strings.Contains(strings.TrimSpace(line), " ") && !strings.Contains(line, "nhacviec") && !strings.Contains(line, "[units.") {
			return fmt.Errorf("a line of %d characters: %s", utf8.RuneCountInString(line), line)
		}
	}
	return nil
}

var comment = regexp.MustCompile(`(?s)<!--.*?-->`)

// balanced returns the first tag of a page that is closed out of order.
func balanced(page string) error {
	var open []string
	for _, m := range regexp.MustCompile(`<(/?)([a-z0-9]+)[^>]*>`).FindAllStringSubmatch(page, -1) {
		switch name := m[2]; {
		case name == "meta" || name == "br":
		case m[1] == "":
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			return fmt.Errorf("</%s> closes %v", name, open)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("not closed: %v", open)
	}
	return nil
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

// TestContrast holds each colour to 4.5 against what lies below it.
func TestContrast(t *testing.T) {
	t.Parallel()
	for name, pair := range palette {
		for _, below := range []string{pair.Bg, "#ffffff"} {
			if got := contrast(t, pair.Fg, below); got < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, pair.Fg, below, got)
			}
		}
	}
	for _, s := range situations(t) {
		page := compose(t, s, tasks.Email).HTML
		for _, style := range styleAttr.FindAllStringSubmatch(page, -1) {
			on := "#ffffff"
			colour := ""
			for _, m := range inlinePair.FindAllStringSubmatch(style[1], -1) {
				if m[1] == "color" {
					colour = m[2]
				} else {
					on = m[2]
				}
			}
			if colour != "" && contrast(t, colour, on) < 4.5 {
				t.Errorf("%s: %s", s.name, style[0])
			}
		}
	}
	// The dark colours: text class c-x on tint class b-x and on the card.
	page := compose(t, situations(t)[0], tasks.Email).HTML
	for name := range palette {
		fg := regexp.MustCompile(`\.c-` + string(name) + `\{color:(#[0-9a-f]{6})`).FindStringSubmatch(page)
		bg := regexp.MustCompile(`\.b-` + string(name) + `\{background:(#[0-9a-f]{6})`).FindStringSubmatch(page)
		if fg == nil || bg == nil {
			t.Fatalf("%s has no dark colours", name)
		}
		for _, below := range []string{bg[1], "#16181d"} {
			if got := contrast(t, fg[1], below); got < 4.5 {
				t.Errorf("dark %s: %s on %s has a contrast of %.2f", name, fg[1], below, got)
			}
		}
	}
}

// contrast is WCAG's ratio of two colours "#rrggbb".
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	light := func(s string) float64 {
		v, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			c := float64(v>>(16-8*i)&255) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		return sum
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// FuzzCompose puts anything at all into a task and a unit's name.
func FuzzCompose(f *testing.F) {
	seeds := []struct{ text, want string }{
		{nasty, "Rà soát <b>\"số liệu\"</b> & 'kết quả'"},
		{strings.Repeat("&", 5_000), "&&&&"},
		{strings.Repeat("😀", 5_000), "😀😀"},
		{strings.Repeat("<", 5_000) + "\x80\xff", "<<<<"},
		{strings.Repeat("[@", 5_000), "[@["},
		{"</b></td></table><img src=x onerror=alert(1)>", "</b></td></table><img src=x onerror=alert(1)>"},
		{"\x00\u200b\u202e", ""},
		{norm.NFD.String("Đề án phát triển"), "Đề án phát triển"},
		{strings.Repeat(" \u00a0", 100_000) + "cuối", "cuối"},
	}
	b := briefing(f)
	one := func(t testing.TB, text string) map[tasks.Channel]tasks.Content {
		s := reminder(t, "tu-phap", "12/07/2023", "21", "22", "25", "23")
		s.b = b
		task := b.Tasks[key("22")]
		task.Content, task.Product, task.Deadline.Text = text, text, text
		task.Lead, task.Coordinating = tasks.UnitRef{Code: "tu-phap"}, []tasks.UnitRef{{Text: text}, {Text: text}, {Text: text}}
		s.b.Tasks = map[tasks.Key]tasks.Task{key("21"): task, key("22"): task, key("23"): b.Tasks[key("23")], key("25"): b.Tasks[key("25")]}
		s.b.Plans = map[string]tasks.Plan{"ct05": {ID: "ct05", Title: text}}
		s.b.Office.Contact, s.b.Office.Organization = text, text
		out := map[tasks.Channel]tasks.Content{}
		for _, ch := range tasks.Channels {
			got := compose(t, s, ch)
			if ch != tasks.Email || strings.Count(text, "://") == 0 {
				if err := fuzzForm(ch, got); err != nil {
					t.Errorf("%s: %v", ch, err)
				}
			}
			out[ch] = got
		}
		notice := s
		notice.m.Kind, notice.m.Failures = tasks.FailureNotice, []tasks.Failure{{ID: "x", Recipient: tasks.Recipient{Unit: text, Address: text}, Cause: text}, {Cause: text}}
		for _, ch := range tasks.Channels {
			if err := fuzzForm(ch, compose(t, notice, ch)); err != nil {
				t.Errorf("failure by %s: %v", ch, err)
			}
		}
		return out
	}
	for _, seed := range seeds {
		f.Add(seed.text)
		got := one(f, seed.text)
		if page := html.UnescapeString(got[tasks.Email].HTML); !strings.Contains(page, seed.want) {
			f.Errorf("the HTML lacks %q", seed.want)
		}
		if chat := html.UnescapeString(strings.Join(got[tasks.Telegram].Text, "")); !strings.Contains(chat, seed.want) {
			f.Errorf("the Telegram text lacks %q", seed.want)
		}
	}
	f.Fuzz(func(t *testing.T, text string) { one(t, text) })
}

// fuzzForm is wellFormed without what depends on the words themselves.
func fuzzForm(ch tasks.Channel, c tasks.Content) error {
	if ch != tasks.Email {
		return wellFormed(ch, c)
	}
	body := comment.ReplaceAllString(c.HTML, "")
	for _, bad := range []string{"<script", "<img", "<a ", "ZgotmplZ"} {
		if strings.Contains(body, bad) {
			return fmt.Errorf("the HTML has %q", bad)
		}
	}
	if n := utf8.RuneCountInString(c.Subject); n > 78 {
		return fmt.Errorf("subject of %d characters", n)
	}
	return balanced(body)
}

func BenchmarkComposeMail20(b *testing.B) {
	s := many(b, "tu-phap", 20)
	s.m.Channel = tasks.Email
	for b.Loop() {
		if _, err := Compose(s.m, s.b); err != nil {
			b.Fatal(err)
		}
	}
}
