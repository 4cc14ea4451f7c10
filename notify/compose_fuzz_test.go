package notify

import (
	"fmt"
	"html"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"nhacviec/tasks"
)

// FuzzCompose puts anything at all into a task and a unit's name.
func FuzzCompose(f *testing.F) {
	seeds := []struct{ text, want string }{
		{nasty, "Rà soát <b>\"số liệu\"</b> & 'kết quả'"},
		{strings.Repeat("&", 700), "&&&&"},
		{strings.Repeat("😀", 700), "😀😀"},
		{strings.Repeat("<", 700) + "\x80\xff", "<<<<"},
		{strings.Repeat("[@", 700), "[@["},
		{"</b></td></table><img src=x onerror=alert(1)>", "</b></td></table><img src=x onerror=alert(1)>"},
		{"\u0338đầu dòng", "đầu dòng"},
		{"\x00\u200b\u202e", ""},
		{norm.NFD.String("Đề án phát triển"), "Đề án phát triển"},
		{strings.Repeat(" \u00a0", 5000) + "cuối", "cuối"},
	}
	base := reminder(f, "tu-phap", "12/07/2023", "21", "22", "25", "23")
	b := base.b
	one := func(t testing.TB, text string) map[tasks.Channel]tasks.Content {
		s := base
		task := b.Tasks[key("22")]
		task.Content, task.Product, task.Deadline.Text = text, text, text
		task.Lead, task.Coordinating = tasks.UnitRef{Code: "tu-phap"}, []tasks.UnitRef{{Text: text}, {Text: text}, {Text: text}}
		s.b.Tasks = map[tasks.Key]tasks.Task{key("21"): b.Tasks[key("21")], key("22"): task, key("23"): b.Tasks[key("23")], key("25"): b.Tasks[key("25")]}
		s.b.Plans = map[string]tasks.Plan{"ct05": {ID: "ct05", Title: text}}
		s.b.Office.Contact, s.b.Office.Organization = text, text
		out := map[tasks.Channel]tasks.Content{}
		for _, ch := range tasks.Channels {
			got := compose(t, s, ch)
			if err := fuzzForm(ch, got); err != nil {
				t.Errorf("%s: %v", ch, err)
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
	if err := cleanWords(c); err != nil {
		return err
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
