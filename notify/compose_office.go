package notify

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"nhacviec/tasks"
)

// reviewTitles says why something needs a person's eye, in the order in which
// the reasons are listed.
var reviewTitles = []struct{ Reason, Title string }{
	{tasks.DeadlineMissing, "Chưa có thời hạn"},
	{tasks.DeadlineUnknown, "Chưa hiểu được thời hạn"},
	{tasks.DeadlineInContent, "Thời hạn lấy từ nội dung nhiệm vụ, cần xác nhận"},
	{tasks.DeadlinePast, "Thời hạn đã qua khi ghi nhận, cần xác nhận"},
	{tasks.UnitUnknown, "Đơn vị chưa có trong cấu hình"},
	{tasks.UnitNoAddress, "Đơn vị chủ trì chưa có địa chỉ nhận thông báo"},
	{tasks.NobodyTold, "Đơn vị chủ trì chưa được quy tắc nào nhắc"},
}

// review tells the office what an admin must look at.
func (c *composer) review() (letter, error) {
	if len(c.Review) == 0 {
		return letter{}, errors.New("it has no review items")
	}
	titles := slices.Clone(reviewTitles)
	byReason := map[string][]row{}
	var rows []row
	var keys []tasks.Key
	for _, item := range c.Review {
		t, err := c.task(item.Key)
		if err != nil {
			return letter{}, err
		}
		r := row{
			key: item.Key, Tone: today, No: number(t.No), Name: plain(t.Content, mostName),
			State: quoted(plain(item.Detail, mostWords)), Role: c.roleLine(t), Command: plain(item.Cure, mostCause),
		}
		if r.State == "" {
			r.State = "Ô thời hạn để trống"
			if item.Reason != tasks.DeadlineMissing {
				r.State = "Cần xem lại"
			}
		}
		if byReason[item.Reason] == nil && !slices.ContainsFunc(titles, func(t struct{ Reason, Title string }) bool { return t.Reason == item.Reason }) {
			titles = append(titles, struct{ Reason, Title string }{item.Reason, plain(item.Reason, mostWords)})
		}
		byReason[item.Reason] = append(byReason[item.Reason], r)
		rows, keys = append(rows, r), append(keys, item.Key)
	}
	var groups []group
	for _, t := range titles {
		slices.SortStableFunc(byReason[t.Reason], func(a, b row) int { return a.key.Compare(b.key) })
		groups = append(groups, group{Tone: today, Icon: "▲", Title: t.Title, Rows: byReason[t.Reason]})
	}
	n := counted(distinct(rows), "nhiệm vụ cần rà soát")
	l := letter{
		Subject:  c.subject([]string{n}),
		Headline: n,
		Basis:    c.basis(keys),
		Notes:    []string{"Khi đọc kế hoạch, phần mềm chưa chắc chắn về các điểm dưới đây; nhiệm vụ liên quan có thể chưa được nhắc đầy đủ cho đến khi xử lý xong."},
		Actions:  []string{"Kính đề nghị cơ quan đối chiếu với văn bản gốc và xử lý theo lệnh hoặc dòng cấu hình nêu ở từng nhiệm vụ."},
	}
	var left int
	l.Groups, left = shorten(groups)
	l.Preheader = sentence("Gồm: " + cut(l.Groups[0].Title+": "+l.Groups[0].Rows[0].Label(), 120))
	if left > 0 {
		l.More = fmt.Sprintf("Còn %d mục nữa; xem bằng lệnh: nhacviec tasks --review", left)
	}
	return l, nil
}

// failure tells the office what did not arrive, and what ails the service.
func (c *composer) failure() (letter, error) {
	if len(c.Failures) == 0 {
		return letter{}, errors.New("it has no failures")
	}
	var lost, unsure, mailed, waiting, trouble []row
	for _, f := range slices.SortedStableFunc(slices.Values(c.Failures), func(a, b tasks.Failure) int { return cmp.Compare(a.At.Unix(), b.At.Unix()) }) {
		at := f.At.In(c.At.Location())
		if f.ID == "" {
			trouble = append(trouble, troubleRow(f, at))
			continue
		}
		r := c.failureRow(f, at)
		switch {
		case f.Retrying:
			waiting = append(waiting, r)
		case f.ByMail:
			mailed = append(mailed, r)
		case f.Unsure:
			r.Tone, r.Command = today, "nhacviec resend "+f.ID
			unsure = append(unsure, r)
		default:
			r.Command = "nhacviec resend " + f.ID
			lost = append(lost, r)
		}
	}
	var heads []string
	if len(lost) > 0 {
		heads = append(heads, counted(len(lost), "thông báo không gửi được"))
	}
	if len(unsure) > 0 {
		heads = append(heads, counted(len(unsure), "thông báo chưa rõ đã đến hay chưa"))
	}
	if len(mailed) > 0 {
		heads = append(heads, counted(len(mailed), "thông báo chuyển sang thư điện tử"))
	}
	if len(waiting) > 0 {
		heads = append(heads, counted(len(waiting), "thông báo gửi chậm"))
	}
	if len(trouble) > 0 {
		heads = append(heads, counted(len(trouble), "trục trặc của hệ thống"))
	}
	l := letter{Subject: c.subject(heads), Headline: strings.Join(heads, "; ")}
	if len(lost) > 0 {
		l.Notes = append(l.Notes, "Các thông báo không gửi được: đơn vị chưa nhận được; phần mềm sẽ không tự gửi lại.")
		l.Actions = append(l.Actions, "Thông báo không gửi được: kính đề nghị cơ quan báo cho đơn vị bằng cách khác nếu gấp, sửa nguyên nhân, rồi gửi lại bằng lệnh nêu ở từng thông báo.")
	}
	if len(unsure) > 0 {
		l.Notes = append(l.Notes, "Các thông báo chưa rõ kết quả: chưa rõ đơn vị đã nhận được hay chưa; phần mềm không tự gửi lại để đơn vị khỏi nhận hai lần.")
		l.Actions = append(l.Actions, "Thông báo chưa rõ kết quả: kính đề nghị cơ quan hỏi lại đơn vị trước; chỉ khi đơn vị chưa nhận được mới gửi lại bằng lệnh nêu ở từng thông báo.")
	}
	if len(mailed) > 0 {
		l.Notes = append(l.Notes, "Các thông báo chuyển sang thư điện tử: kênh ban đầu không nhận, phần mềm đã chuyển nội dung tới hộp thư của đơn vị.")
		l.Actions = append(l.Actions, "Thông báo chuyển sang thư điện tử: kính đề nghị cơ quan kiểm tra lại địa chỉ của đơn vị trên kênh ban đầu.")
	}
	if len(waiting) > 0 {
		l.Notes = append(l.Notes, "Các thông báo gửi chậm vẫn đang được phần mềm tự gửi lại.")
		l.Actions = append(l.Actions, "Thông báo gửi chậm: kính đề nghị cơ quan chuyển người quản trị kiểm tra kênh gửi; nếu việc gấp, báo cho đơn vị bằng cách khác.")
	}
	if len(trouble) > 0 {
		l.Actions = append(l.Actions, "Trục trặc của hệ thống: kính đề nghị cơ quan chuyển người quản trị xử lý.")
	}
	var left int
	l.Groups, left = shorten([]group{
		{Tone: late, Icon: "■", Title: "Thông báo không gửi được", Rows: lost},
		{Tone: today, Icon: "▲", Title: "Chưa rõ đơn vị đã nhận được hay chưa", Rows: unsure},
		{Tone: today, Icon: "▲", Title: "Thông báo chuyển sang thư điện tử", Rows: mailed},
		{Tone: today, Icon: "▲", Title: "Thông báo gửi chậm", Rows: waiting},
		{Tone: late, Icon: "■", Title: "Trục trặc của hệ thống", Rows: trouble},
	})
	l.Preheader = sentence("Gồm: " + cut(l.Groups[0].Rows[0].Name, 120))
	if left > 0 {
		l.More = fmt.Sprintf("Còn %d mục nữa; xem bằng lệnh: nhacviec outbox", left)
	}
	return l, nil
}

// troubleRow puts what ails the service into a row: the cure stands in its name,
// before the technical detail, and what is to be typed in a line of its own.
func troubleRow(f tasks.Failure, at time.Time) row {
	r := row{Tone: late, State: "Lúc " + moment(at), Name: sentence(capital(plain(f.Cause, mostTrouble))), Whole: true,
		Details: technical(f.Detail), Command: plain(f.Command, mostCause)}
	if f.Times > 1 {
		r.State, r.When = "Từ lúc "+moment(at), fmt.Sprintf("× %d lần", f.Times)
	}
	return r
}

// failureRow puts a message that did not arrive into a row.
func (c *composer) failureRow(f tasks.Failure, at time.Time) row {
	word, ok := channelWords[f.Channel]
	if !ok {
		word = string(f.Channel)
	}
	return row{
		Tone: late, State: word, When: "lúc " + moment(at),
		Name:    fmt.Sprintf("%s (%s)", c.unit(f.Unit).Name, plain(f.Address, mostUnitName)),
		Details: append([]string{"Lý do: " + sentence(plain(f.Cause, mostCause))}, technical(f.Detail)...),
	}
}

// technical is what a person may ask a specialist with.
func technical(detail string) []string {
	if detail == "" {
		return nil
	}
	return []string{"Chi tiết kỹ thuật: " + plain(detail, mostCause)}
}
