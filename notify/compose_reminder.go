package notify

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"nhacviec/tasks"
)

// role is what the recipient is to a task.
type role int

const (
	observer role = iota
	coordinating
	lead
)

// means reports whether a unit named by a plan, perhaps a group, is the
// recipient.
func (c *composer) means(code string) bool {
	if code == "" {
		return false
	}
	is, known := c.audiences[code]
	if !known {
		is = code == c.Unit || slices.ContainsFunc(c.Units.Audience(code), func(u tasks.Unit) bool { return u.Code == c.Unit })
		c.audiences[code] = is
	}
	return is
}

// heads reports whether the recipient is the superior of a unit, or of a
// member of the group that it is.
func (c *composer) heads(code string) bool {
	return slices.ContainsFunc(c.Units.Audience(code), func(u tasks.Unit) bool { return u.Superior == c.Unit })
}

func (c *composer) role(t tasks.Task) role {
	if c.means(t.Lead.Code) {
		return lead
	}
	if slices.ContainsFunc(t.Coordinating, func(r tasks.UnitRef) bool { return c.means(r.Code) }) {
		return coordinating
	}
	return observer
}

// roleLine says who does the task, from where the recipient stands.
func (c *composer) roleLine(t tasks.Task) string {
	s := "Chủ trì"
	if t.Lead.Code != c.Unit {
		s += ": " + c.leadName(t)
	}
	if len(t.Coordinating) == 0 {
		return s
	}
	names := make([]string, len(t.Coordinating))
	for i, r := range t.Coordinating {
		names[i] = c.refName(r)
	}
	return s + "; phối hợp: " + list(names, mostWords)
}

// agenda is a reminder's rows by what is asked.
type agenda struct {
	overdue, today, soon, progress []row
}

func (a agenda) dated() []row { return slices.Concat(a.overdue, a.today, a.soon) }

func (a agenda) all() []row { return append(a.dated(), a.progress...) }

func (a *agenda) add(r row) {
	switch r.Tone {
	case late:
		a.overdue = append(a.overdue, r)
	case today:
		a.today = append(a.today, r)
	case soon:
		a.soon = append(a.soon, r)
	default:
		a.progress = append(a.progress, r)
	}
}

func (c *composer) reminder() (letter, error) {
	if len(c.Steps) == 0 {
		return letter{}, errors.New("it has no steps")
	}
	plans := map[string]bool{}
	for _, s := range c.Steps {
		plans[s.Plan] = true
	}
	var own, others agenda
	var joint, wanted []row
	leads := map[string]bool{} // lead units of tasks that the recipient watches
	subordinate := true        // it is the superior of all of them
	for i, s := range c.Steps {
		t, err := c.task(s.Key)
		if err != nil {
			return letter{}, err
		}
		r, err := c.row(s, t)
		if err != nil {
			return letter{}, err
		}
		r.step = i + 1
		if len(plans) > 1 {
			title := c.title(s.Plan, mostWords)
			if title == "" || title == s.Plan {
				title = "văn bản " + s.Plan
			}
			r.Details = append(r.Details, "Theo "+title)
		}
		if strings.HasPrefix(s.Name, "date-wanted") {
			wanted = append(wanted, r)
			continue
		}
		switch c.role(t) {
		case lead:
			own.add(r)
		case coordinating:
			joint = append(joint, r)
		case observer:
			others.add(r)
			leads[c.leadName(t)] = true
			subordinate = subordinate && c.heads(t.Lead.Code)
		}
	}
	// The counts speak of one thing: the recipient's own tasks, or else those it watches.
	main, watched := own, others.all()
	watching := len(own.all()) == 0 && len(watched) > 0
	if watching {
		main, watched = others, nil
	}

	byDue := func(a, b row) int { return cmp.Or(cmp.Compare(a.due, b.due), a.key.Compare(b.key)) }
	for _, rows := range [][]row{main.overdue, main.today, main.soon, main.progress, watched, joint, wanted} {
		slices.SortStableFunc(rows, byDue)
	}
	// Work without a date comes behind work with one.
	for _, rows := range [][]row{watched, joint} {
		slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(noDate(a), noDate(b)) })
	}
	groups := []group{
		{Tone: late, Icon: "■", Title: "Quá hạn", Rows: main.overdue},
		{Tone: today, Icon: "▲", Title: "Đến hạn hôm nay", Rows: main.today},
		{Tone: soon, Icon: "●", Title: "Sắp đến hạn", Rows: main.soon},
		{Tone: calm, Icon: "◆", Title: "Việc thường xuyên cần báo cáo tiến độ", Rows: main.progress},
		{Tone: calm, Icon: "◇", Title: "Chưa có thời hạn, đề nghị xác định", Rows: wanted},
		{Tone: calm, Icon: "◎", Title: "Theo dõi, đôn đốc", Rows: watched},
		{Tone: calm, Icon: "○", Title: "Phối hợp", Rows: joint},
	}

	var l letter
	var worst row
	for _, g := range groups {
		if len(g.Rows) > 0 {
			worst = g.Rows[0]
			break
		}
	}
	l.Preheader = preheader(worst)
	if len(main.dated()) > 0 {
		l.Boxes = [][]box{{
			{late, len(main.overdue), "Quá hạn"},
			{today, len(main.today), "Hạn hôm nay"},
			{soon, len(main.soon), "Sắp đến hạn"},
		}}
	}

	var heads, counts []string
	add := func(n int, head, count string) {
		if n > 0 {
			heads, counts = append(heads, counted(n, head)), append(counts, counted(n, count))
		}
	}
	if h := headline(main); h != "" {
		heads = append(heads, h)
	}
	for _, b := range []box{{N: len(main.overdue), Label: "quá hạn"}, {N: len(main.today), Label: "hạn hôm nay"}, {N: len(main.soon), Label: "sắp đến hạn"}} {
		if b.N > 0 {
			counts = append(counts, counted(b.N, b.Label))
		}
	}
	add(distinct(main.progress), "việc thường xuyên cần báo cáo tiến độ", "việc thường xuyên cần báo cáo")
	add(distinct(wanted), "nhiệm vụ chưa có thời hạn", "nhiệm vụ chưa có thời hạn")
	add(distinct(watched), "nhiệm vụ của đơn vị khác cần đôn đốc", "cần đôn đốc")
	add(distinct(joint), "nhiệm vụ phối hợp", "nhiệm vụ phối hợp")
	l.Headline = strings.Join(heads, "; ")
	if watching {
		l.Headline = fmt.Sprintf("%d đơn vị có %s", len(leads), l.Headline)
		counts[0] = fmt.Sprintf("%d đơn vị: %s", len(leads), counts[0])
	}
	l.Subject = c.subject(counts)

	keys := make([]tasks.Key, len(c.Steps))
	for i, s := range c.Steps {
		keys[i] = s.Key
	}
	l.Basis = c.basis(keys)
	var left int
	if l.Groups, left = shorten(groups); left > 0 {
		l.More = fmt.Sprintf("Còn %d nhiệm vụ nữa; đề nghị liên hệ đầu mối để có danh sách đầy đủ.", left)
	}

	ask := func(when bool, s string) {
		if when {
			l.Actions = append(l.Actions, s)
		}
	}
	ask(!watching && len(main.dated()) > 0, "Đơn vị đã hoàn thành hoặc cần điều chỉnh thời hạn: đề nghị "+c.reply()+".")
	ask(!watching && len(main.progress) > 0, "Việc thường xuyên: đề nghị đơn vị báo cáo tiến độ, kết quả thực hiện trong tháng; có thể "+c.reply()+".")
	switch {
	case len(leads) == 0:
	case subordinate:
		ask(true, "Kính đề nghị quan tâm chỉ đạo, đôn đốc các đơn vị chủ trì.")
	case c.Unit == c.Office.Unit || !watching:
		ask(true, "Nhiệm vụ của đơn vị khác: kính gửi để theo dõi, đôn đốc đơn vị chủ trì.")
	default: // a chat that the lead units share
		ask(true, "Đề nghị các đơn vị chủ trì tập trung thực hiện; đơn vị đã hoàn thành hoặc cần điều chỉnh thời hạn thì "+c.reply()+".")
	}
	ask(len(wanted) > 0 && c.Unit == c.Office.Unit, "Nhiệm vụ chưa có thời hạn: kính đề nghị cơ quan xác định ngày hoàn thành và ghi nhận bằng lệnh nêu ở từng nhiệm vụ (thay dd/mm/yyyy bằng ngày hoàn thành).")
	ask(len(wanted) > 0 && c.Unit != c.Office.Unit, "Nhiệm vụ chưa có thời hạn: kính đề nghị đơn vị chủ trì cho biết thời gian dự kiến hoàn thành; có thể "+c.reply()+".")
	ask(len(joint) > 0, "Nhiệm vụ phối hợp: đề nghị đơn vị chủ động phối hợp với đơn vị chủ trì.")
	return l, nil
}

func noDate(r row) int {
	if r.due == 0 {
		return 1
	}
	return 0
}

// row puts one step into words.
func (c *composer) row(s tasks.Step, t tasks.Task) (row, error) {
	r := row{
		key: s.Key, due: s.Due, No: number(t.No), Name: plain(t.Content, mostName),
		Role: c.roleLine(t), Product: plain(t.Product, mostWords),
	}
	series, rank, ok := s.Mark()
	switch {
	case !ok:
		return row{}, fmt.Errorf("task %s has an unknown step %q", s.Key, s.Name)
	case series == "progress":
		r.Tone, r.State, r.When = calm, "Tiến độ "+monthOf(rank), quoted(plain(t.Deadline.Text, mostWords))
	case series == "date-wanted":
		r.Tone, r.State, r.When = calm, "Chưa có thời hạn", quoted(plain(t.Deadline.Text, mostWords))
		if c.Unit == c.Office.Unit {
			r.Command = c.command("nhacviec task due %s dd/mm/yyyy", s.Key)
		}
	default:
		left := int(s.Due - c.day)
		r.State, r.When = capital(daysLeft(left)), "hạn "+longDay(s.Due)
		switch {
		case left < 0:
			r.Tone = late
		case left == 0:
			r.Tone, r.When = today, longDay(s.Due)
		default:
			r.Tone = soon
		}
	}
	return r, nil
}

// headline says what the dated rows come to. A task with two due dates is one
// task with two dates to keep.
func headline(a agenda) string {
	rows := a.dated()
	n, of := distinct(rows), ""
	if n < len(rows) {
		of = " mốc"
	}
	what := counted(n, "nhiệm vụ")
	if of != "" {
		what += fmt.Sprintf(" (%d mốc thời hạn)", len(rows))
	}
	switch {
	case n == 0:
		return ""
	case len(a.overdue) == len(rows):
		return what + " đã quá hạn"
	case len(a.overdue) > 0:
		return fmt.Sprintf("%s cần xử lý, trong đó %d%s đã quá hạn", what, len(a.overdue), of)
	case len(a.today) == len(rows):
		return what + " đến hạn hôm nay"
	case len(a.today) > 0:
		return fmt.Sprintf("%s cần xử lý, trong đó %d%s đến hạn hôm nay", what, len(a.today), of)
	}
	return what + " sắp đến hạn"
}

// preheader is what a phone shows behind the subject: the most pressing row.
func preheader(r row) string {
	name := cut(r.Label(), 100)
	if r.due == 0 {
		return "Gồm: " + sentence(name)
	}
	return fmt.Sprintf("Gấp nhất: %s, %s (hạn %s).", name, strings.ToLower(r.State), r.due.Day())
}
