package notify

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"nhacviec/tasks"
)

// How much of a text a message shows, in UTF-16 units, and how many rows.
const (
	mostRows     = 40
	mostName     = 220 // a task's content
	mostWords    = 120 // a deadline's words, a list of units, a product
	mostCause    = 300 // why a delivery failed
	mostTrouble  = 500 // what ails the service, with the cure
	mostTitle    = 160 // a plan's title
	mostUnitName = 90
	mostNumber   = 20
	mostSubject  = 78 // characters
	subjectTag   = "[Nhắc hạn] "
)

// Compose puts a message into words for its channel. Email gets a subject, an
// HTML part and one plain-text part; Telegram gets parts of its own HTML, each
// of at most 4096 UTF-16 units; Zalo gets plain parts of at most 1900.
//
// It is pure: the same message and briefing give the same words. It fails when
// the message has nothing to say, or names a task that the briefing lacks.
func Compose(m tasks.Message, b tasks.Briefing) (tasks.Content, error) {
	if b.Units == nil {
		return tasks.Content{}, fmt.Errorf("compose %s message %s: the briefing has no units", m.Kind, m.ID())
	}
	c := composer{Message: m, Briefing: b, audiences: map[string]bool{}}
	if c.Now.IsZero() || tasks.DateOf(c.Now) == tasks.DateOf(m.At) {
		c.Now = m.At // the same day the same words, however late in it
	}
	c.day = tasks.DateOf(c.Now)
	var l letter
	var err error
	switch m.Kind {
	case tasks.Reminder:
		l, err = c.reminder()
	case tasks.ReviewNotice:
		l, err = c.review()
	case tasks.FailureNotice:
		l, err = c.failure()
	case tasks.WeeklyReport:
		l, err = c.report()
	default:
		err = fmt.Errorf("unknown kind %q", m.Kind)
	}
	if err != nil {
		return tasks.Content{}, fmt.Errorf("compose %s message %s: %w", m.Kind, m.ID(), err)
	}
	c.frame(&l)
	switch m.Channel {
	case tasks.Email:
		return l.mail()
	case tasks.Telegram:
		return l.chat(telegram, len(m.Steps)), nil
	case tasks.ZaloBot, tasks.ZaloOA:
		return l.chat(zalo, len(m.Steps)), nil
	}
	return tasks.Content{}, fmt.Errorf("compose %s message %s: unknown channel %q", m.Kind, m.ID(), m.Channel)
}

// composer holds what one message is made of.
type composer struct {
	tasks.Message
	tasks.Briefing
	day       tasks.Date      // of sending: days left are counted from it
	audiences map[string]bool // unit code -> this recipient is meant by it
}

// letter is a message in words, before it takes the form of a channel.
type letter struct {
	Subject   string
	Preheader string
	Day       string   // "thứ Tư 12/07/2023"
	Org       string   // whose voice it is
	To        string   // after "Kính gửi: "
	Headline  string   // what this is about, in one sentence
	Basis     string   // "Theo …"
	Boxes     [][]box  // counts, in lines
	Notes     []string // sentences below the counts
	Table     *table
	Groups    []group
	More      string   // what the list leaves out
	Actions   []string // what is asked of the reader
	Made      string   // "07:30 ngày 12/07/2023"
	Contact   string
}

// Letterhead is the small line on top of a mail.
func (l letter) Letterhead() string { return strings.ToUpper(l.Org) }

// tone is how pressing something is; it chooses the colours.
type tone string

const (
	late     tone = "late"
	today    tone = "today"
	soon     tone = "soon"
	fine     tone = "fine"     // open and in time
	done     tone = "done"     // in time
	doneLate tone = "donelate" //
	calm     tone = "calm"     // no date presses
)

// box is one count.
type box struct {
	Tone  tone
	N     int
	Label string
}

// group is a heading with rows below it. Count is the true number of rows,
// also of those that the message leaves out.
type group struct {
	Tone  tone
	Icon  string
	Title string
	Count int
	Rows  []row
}

// row is one task, or one thing that did not arrive.
type row struct {
	Tone    tone
	State   string       // "Quá hạn 3 ngày"
	When    string       // "hạn thứ Tư 12/07/2023"
	No      tasks.Number // none: it is no task
	Name    string
	Whole   bool   // the name is what is to be said: a chat shows all of it
	Role    string // "Chủ trì; phối hợp: …"
	Product string // what is to be handed in; mails only
	Details []string
	Command string // what to type

	key  tasks.Key
	due  tasks.Date
	step int // its place among the message's steps, from 1; 0: it tells of none
}

// number makes a task's number fit to print.
func number(n tasks.Number) tasks.Number { return tasks.Number(plain(string(n), mostNumber)) }

// Label returns the row's name behind its number.
func (r row) Label() string {
	if r.No == "" {
		return r.Name
	}
	return string(r.No) + ". " + r.Name
}

// table is the report's count by unit.
type table struct {
	Head []string // the columns behind the unit's name
	Rows []tableRow
}

type tableRow struct {
	Name  string
	Cells []int
}

// frame fills in what every message has.
func (c *composer) frame(l *letter) {
	u := c.unit(c.Unit)
	l.Day = longDay(c.day)
	l.Org = plain(c.Office.Organization, mostUnitName)
	l.To = u.Name
	if u.Head != "" {
		l.To = u.Head
	}
	l.Made = moment(c.Now)
	l.Contact = plain(c.Office.Contact, mostTitle)
	if l.Contact == "" {
		l.Contact = c.unit(c.Office.Unit).Name
	}
}

// unit returns a unit fit to print; one that the config no longer has goes by
// its code.
func (c *composer) unit(code string) tasks.Unit {
	u, ok := c.Units.Unit(code)
	if !ok {
		u = tasks.Unit{Name: code}
	}
	u.Name, u.Head = plain(u.Name, mostUnitName), plain(u.Head, mostUnitName)
	return u
}

// refName names a unit as the config does, or else in the plan's words.
func (c *composer) refName(ref tasks.UnitRef) string {
	if u, ok := c.Units.Unit(ref.Code); ok {
		return plain(u.Name, mostUnitName)
	}
	return plain(ref.Text, mostUnitName)
}

// leadName names a task's lead unit.
func (c *composer) leadName(t tasks.Task) string {
	if name := c.refName(t.Lead); name != "" {
		return name
	}
	return "chưa xác định"
}

// task returns a task of the briefing with its units resolved.
func (c *composer) task(k tasks.Key) (tasks.Task, error) {
	t, ok := c.Tasks[k]
	if !ok {
		return t, fmt.Errorf("task %s is not in the briefing", k)
	}
	return c.Units.Resolve(t), nil
}

// basis names the plans that the message rests on; an id alone names none.
func (c *composer) basis(keys []tasks.Key) string {
	var titles []string
	for _, k := range keys {
		if title := c.title(k.Plan, mostTitle); title != "" && title != k.Plan && !slices.Contains(titles, title) {
			titles = append(titles, title)
		}
	}
	switch len(titles) {
	case 0:
		return ""
	case 1:
		return "Theo " + titles[0]
	}
	return fmt.Sprintf("Theo %s và %d văn bản khác", titles[0], len(titles)-1)
}

func (c *composer) title(plan string, max int) string { return plain(c.Plans[plan].Title, max) }

// command completes a verb about a task with the plan, where there are several.
func (c *composer) command(format string, k tasks.Key) string {
	s := fmt.Sprintf(format, number(k.No))
	if len(c.Plans) > 1 {
		s += " --plan " + k.Plan
	}
	return s
}

// reply says how to answer: a mail can be answered, a chat is read by nobody.
func (c *composer) reply() string {
	if c.Channel == tasks.Email {
		return "trả lời thư này hoặc liên hệ đầu mối nêu dưới đây"
	}
	return "liên hệ đầu mối nêu dưới đây"
}

// subject fits the counts, worst first, the unit and the day into one line.
// What the reader needs least goes first: the end of the unit's name, the name
// when less than half of it would stay, then the least of the counts.
func (c *composer) subject(counts []string) string {
	name, day := c.unit(c.Unit).Name, ", "+c.day.Day()
	for n := len(counts); ; n-- {
		head := subjectTag + strings.Join(counts[:n], ", ")
		room := mostSubject - utf8.RuneCountInString(head+" – "+day)
		switch {
		case 2*room >= utf8.RuneCountInString(name):
			return head + " – " + cut(name, room) + day
		case utf8.RuneCountInString(head+day) <= mostSubject:
			return head + day
		case n == 1:
			return cut(head, mostSubject-utf8.RuneCountInString(day)) + day
		}
	}
}

// shorten keeps the first rows of all groups, and returns how many it left out.
func shorten(groups []group) ([]group, int) {
	room, left := mostRows, 0
	var out []group
	for _, g := range groups {
		g.Count = len(g.Rows)
		n := min(room, g.Count)
		room, left = room-n, left+g.Count-n
		if n > 0 {
			g.Rows = g.Rows[:n]
			out = append(out, g)
		}
	}
	return out, left
}

// distinct counts the tasks of rows.
func distinct(rows []row) int {
	seen := map[tasks.Key]bool{}
	for _, r := range rows {
		seen[r.key] = true
	}
	return len(seen)
}
