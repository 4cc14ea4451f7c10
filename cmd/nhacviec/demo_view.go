package main

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"html/template"
	"io"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-message/mail"

	"nhacviec/scheduler"
	"nhacviec/tasks"
)

// demoView is what page.html shows.
type demoView struct {
	Day, Time string // "Thứ Hai, 05/06/2023", "07:30"
	Paused    bool
	Over      bool
	Next      string // when something is due next
	Query     string // of this page, for the forms to come back to

	Units    []demoUnit // "Tất cả" first
	Unit     string     // the name of the one chosen; "": all
	Mails    []demoMail
	Older    int // mails that are not listed
	Mail     *openedMail
	Chats    []demoChat
	Messages []chatMessage
	Counts   []demoCount
	Tasks    []demoTask
}

type demoUnit struct {
	Name   string
	Link   string
	Chosen bool
	Unread int
	Mails  int
}

type demoMail struct {
	ID      string
	Back    string // the query that shows it
	Subject string
	Unit    string
	When    string
	Unread  bool
	Chosen  bool
}

type openedMail struct {
	ID                      string
	Subject, To, When, Sent string
	As                      string // "", "text" or "headers"
	Tabs                    []demoTab
	Text, Headers           string
	Attachments             []attachment
}

type demoTab struct {
	Name, Link string
	Chosen     bool
}

type demoChat struct {
	Name, Channel, Link string
	Chosen              bool
	Messages            int
}

type chatMessage struct {
	When   string
	Parts  []template.HTML
	Silent bool
}

type demoCount struct {
	Tone, Shape, Word string
	N                 int
}

type demoTask struct {
	Plan    string
	No      tasks.Number
	Content string
	Lead    string
	Due     string // "30/06/2023", or the plan's words
	Left    string // "còn 3 ngày"
	Tone    string
	Shape   string
	Word    string
	Words   string       // the plan's own about time
	Do      tasks.Action // what the button does; "": no button
	Phase   bool         // done is the next date only; others follow
}

const (
	mailsListed    = 100
	messagesListed = 30
)

// view reads the state of the demo for a query: unit, mail, as, chat.
func (p *demoPage) view(q url.Values) (*demoView, error) {
	now, next, inbox := p.demo.state()
	setup := p.demo.daemon.loop.Setup()
	unit := q.Get("unit")
	chosen, ok := setup.Units.Unit(unit)
	if !ok {
		unit = ""
		q.Del("unit")
	}
	v := &demoView{
		Day:    demoDate(now),
		Time:   now.Format("15:04"),
		Paused: p.paused.Load(),
		Over:   p.demo.over(),
		Query:  q.Encode(),
		Unit:   chosen.Name,
	}
	if !next.IsZero() {
		v.Next = next.Format("15:04 02/01/2006")
	}
	p.mails(v, q, inbox, setup.Units)
	demoChats(v, q, inbox, setup.Units)
	tt, err := p.demo.store.Tasks("")
	if err != nil {
		return nil, err
	}
	demoTasks(v, tt, setup, tasks.DateOf(now), unit)
	return v, nil
}

// demoLink returns the link to the page with some parameters changed; "" drops one.
func demoLink(q url.Values, pairs ...string) string {
	out := url.Values{}
	for k, vv := range q {
		out[k] = vv
	}
	for i := 0; i < len(pairs); i += 2 {
		if out.Del(pairs[i]); pairs[i+1] != "" {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	return "?" + out.Encode()
}

// mails fills the inboxes and the mail that is open.
func (p *demoPage) mails(v *demoView, q url.Values, inbox []received, units *tasks.Directory) {
	p.mu.Lock()
	defer p.mu.Unlock()
	unread, count := map[string]int{}, map[string]int{}
	for _, m := range slices.Backward(inbox) {
		if m.Channel != tasks.Email {
			continue
		}
		for _, box := range []string{"", m.Unit} {
			count[box]++
			if !p.read[m.ID] {
				unread[box]++
			}
		}
		if unit := q.Get("unit"); unit != "" && unit != m.Unit {
			continue
		}
		if len(v.Mails) == mailsListed {
			v.Older++
			continue
		}
		v.Mails = append(v.Mails, demoMail{
			ID:      m.ID,
			Back:    demoLink(q, "mail", m.ID, "as", ""),
			Subject: m.Parts[0].Subject,
			Unit:    demoUnitName(units, m.Unit),
			When:    m.At.Format("15:04 02/01"),
			Unread:  !p.read[m.ID],
			Chosen:  m.ID == q.Get("mail"),
		})
	}
	v.Units = []demoUnit{{"Tất cả đơn vị", demoLink(q, "unit", "", "mail", ""), q.Get("unit") == "", unread[""], count[""]}}
	for _, u := range units.Units() {
		if len(u.Addresses[tasks.Email]) > 0 && (count[u.Code] > 0 || q.Get("unit") == u.Code) {
			v.Units = append(v.Units, demoUnit{u.Name, demoLink(q, "unit", u.Code, "mail", ""), q.Get("unit") == u.Code, unread[u.Code], count[u.Code]})
		}
	}
	if m, ok := p.demo.letter(q.Get("mail")); ok {
		v.Mail = openDemoMail(m, q)
	}
}

func demoUnitName(units *tasks.Directory, code string) string {
	u, _ := units.Unit(code)
	return cmp.Or(u.Name, code)
}

func openDemoMail(m received, q url.Values) *openedMail {
	raw := m.Parts[0]
	o := &openedMail{ID: m.ID, Subject: raw.Subject, To: raw.Address, When: m.At.Format("15:04 ngày 02/01/2006"), As: q.Get("as"),
		Text: raw.Text, Attachments: attachments(raw.Raw)}
	o.Headers = demoHeaders(raw.Raw)
	for _, tab := range [][2]string{{"Thư", ""}, {"Văn bản thuần", "text"}, {"Tiêu đề thư", "headers"}} {
		o.Tabs = append(o.Tabs, demoTab{tab[0], demoLink(q, "as", tab[1]), o.As == tab[1]})
	}
	return o
}

// demoHeaders returns the headers of a raw mail, a line each, with what MIME
// encoded made readable.
func demoHeaders(raw []byte) string {
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	unfolded := strings.NewReplacer("\r\n ", " ", "\r\n\t", " ", "\r\n", "\n").Replace(string(head))
	lines := strings.Split(unfolded, "\n")
	var decoder mime.WordDecoder
	for i, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		if readable, err := decoder.DecodeHeader(strings.TrimSpace(value)); err == nil {
			lines[i] = name + ": " + readable
		}
	}
	return strings.Join(lines, "\n")
}

// attachment is what comes with a mail beside its text: a calendar file.
type attachment struct {
	place int
	Name  string
	Type  string
	data  []byte
}

// Place names it in the address of the page.
func (a attachment) Place() string { return strconv.Itoa(a.place) }

func (a attachment) disposition() string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": a.Name})
}

// attachments reads what is attached to a raw mail.
func attachments(raw []byte) []attachment {
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	var out []attachment
	for place := 0; ; place++ {
		part, err := r.NextPart()
		if err != nil {
			return out
		}
		kind, params, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		h, attached := part.Header.(*mail.AttachmentHeader)
		if !attached && kind != "text/calendar" {
			continue
		}
		name := params["name"]
		if attached {
			name, _ = h.Filename()
		}
		data, err := io.ReadAll(part.Body)
		if err != nil {
			return out
		}
		out = append(out, attachment{place, cmp.Or(name, "lich.ics"), kind, data})
	}
}

var demoChatNames = map[tasks.Channel]string{tasks.Telegram: "Telegram", tasks.ZaloBot: "Zalo Bot", tasks.ZaloOA: "Zalo OA"}

// demoChats fills the chat groups and the messages of the one chosen, which is the
// first unless the query says another.
func demoChats(v *demoView, q url.Values, inbox []received, units *tasks.Directory) {
	type group struct {
		channel tasks.Channel
		address string
	}
	names, count := map[group]string{}, map[group]int{}
	var order []group
	for _, u := range units.Units() {
		for _, ch := range tasks.Channels[1:] {
			for _, a := range u.Addresses[ch] {
				g := group{ch, a}
				if names[g] == "" {
					order = append(order, g)
					names[g] = u.Name
				}
			}
		}
	}
	for _, m := range inbox {
		count[group{m.Channel, m.Address}] += len(m.Parts)
	}
	if len(order) == 0 {
		return
	}
	chosen := 0
	for i, g := range order {
		if string(g.channel)+" "+g.address == q.Get("chat") {
			chosen = i
		}
	}
	for i, g := range order {
		v.Chats = append(v.Chats, demoChat{names[g], demoChatNames[g.channel], demoLink(q, "chat", string(g.channel)+" "+g.address), i == chosen, count[g]})
	}
	for _, m := range inbox {
		if (group{m.Channel, m.Address}) != order[chosen] {
			continue
		}
		message := chatMessage{When: m.At.Format("15:04 02/01/2006"), Silent: m.Parts[0].Silent}
		for _, part := range m.Parts {
			message.Parts = append(message.Parts, demoChatHTML(cmp.Or(part.HTML, html.EscapeString(part.Text))))
		}
		v.Messages = append(v.Messages, message)
	}
	v.Messages = v.Messages[max(0, len(v.Messages)-messagesListed):]
}

var demoChatTag = regexp.MustCompile(`</?(?:b|i|u|s|code|pre|blockquote)>`)

// demoChatHTML lets the plain ones of Telegram's tags through and makes text of
// everything else. The far end has refused what is not nested properly.
func demoChatHTML(markup string) template.HTML {
	var b strings.Builder
	text := func(s string) { b.WriteString(html.EscapeString(html.UnescapeString(s))) }
	at := 0
	for _, tag := range demoChatTag.FindAllStringIndex(markup, -1) {
		text(markup[at:tag[0]])
		b.WriteString(markup[tag[0]:tag[1]])
		at = tag[1]
	}
	text(markup[at:])
	return template.HTML(b.String())
}

// demoLook is how a state is shown: never by colour alone.
type demoLook struct{ tone, shape, word string }

var demoLooks = map[tasks.State]demoLook{
	tasks.Overdue:                {"late", "■", "Quá hạn"},
	tasks.Today:                  {"today", "▲", "Hạn hôm nay"},
	tasks.Soon:                   {"soon", "●", "Sắp đến hạn"},
	tasks.InTime:                 {"fine", "○", "Trong hạn"},
	tasks.OnGoing:                {"calm", "◌", "Thường xuyên"},
	tasks.Waiting:                {"calm", "◌", "Chờ thời hạn"},
	tasks.InReview:               {"calm", "◌", "Cần rà soát"},
	tasks.State(tasks.Reported):  {"calm", "◌", "Chờ xác nhận"},
	tasks.State(tasks.Held):      {"calm", "◌", "Tạm dừng nhắc"},
	tasks.State(tasks.Done):      {"done", "✓", "Hoàn thành"},
	tasks.State(tasks.Cancelled): {"calm", "◌", "Đã rút khỏi kế hoạch"},
}

// demoTasks fills the task table, worst first, and the counts above it.
func demoTasks(v *demoView, tt []tasks.Task, s scheduler.Setup, day tasks.Date, unit string) {
	doneLate := map[tasks.Key]bool{}
	views := make([]tasks.View, 0, len(tt))
	for _, t := range tt {
		view := tasks.NewView(t, s.Units, day, s.Soon())
		if unit != "" && view.Lead.Code != unit && !leads(s.Units, view.Lead.Code, unit) {
			continue
		}
		due := t.Deadline.Due
		doneLate[t.Key] = t.Status == tasks.Done && len(due) > 0 && t.DoneOn > due[len(due)-1]
		views = append(views, view)
	}
	tasks.Worst(views)
	counts := map[demoLook]int{}
	var order []demoLook
	for _, view := range views {
		l := demoLooks[view.State]
		if doneLate[view.Key] {
			l = demoLook{"donelate", "✓!", "Hoàn thành quá hạn"}
		}
		if counts[l] == 0 {
			order = append(order, l)
		}
		counts[l]++
		t := demoTask{Plan: view.Plan, No: view.No, Content: view.Content, Lead: demoUnitName(s.Units, view.Lead.Code), Words: view.Deadline.Words(),
			Tone: l.tone, Shape: l.shape, Word: l.word}
		if view.Lead.Code == "" {
			t.Lead = view.Lead.Text
		}
		switch {
		case view.NextDue != 0:
			t.Due, t.Left = view.NextDue.Day(), demoDaysLeft(int(view.NextDue-day))
		case len(view.Deadline.Due) > 0:
			t.Due = view.Deadline.Due[len(view.Deadline.Due)-1].Day()
		default:
			t.Due = view.Deadline.Words()
		}
		if view.State == tasks.State(tasks.Done) {
			t.Left, t.Do = "", tasks.ActReopen
		} else if view.Status != tasks.Cancelled {
			t.Do = tasks.ActDone
			t.Phase = view.NextDue != 0 && slices.ContainsFunc(view.Deadline.Due, func(d tasks.Date) bool { return d > view.NextDue })
		}
		v.Tasks = append(v.Tasks, t)
	}
	for _, l := range order {
		v.Counts = append(v.Counts, demoCount{l.tone, l.shape, l.word, counts[l]})
	}
}

// leads reports whether a unit is told when a group leads.
func leads(units *tasks.Directory, group, unit string) bool {
	return slices.ContainsFunc(units.Audience(group), func(u tasks.Unit) bool { return u.Code == unit })
}

var demoWeekdays = [7]string{"Chủ nhật", "Thứ Hai", "Thứ Ba", "Thứ Tư", "Thứ Năm", "Thứ Sáu", "Thứ Bảy"}

func demoDate(t time.Time) string { return demoWeekdays[t.Weekday()] + ", " + t.Format("02/01/2006") }

func demoDaysLeft(n int) string {
	switch {
	case n < 0:
		return fmt.Sprintf("quá %d ngày", -n)
	case n == 0:
		return "hôm nay"
	}
	return fmt.Sprintf("còn %d ngày", n)
}
