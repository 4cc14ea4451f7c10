package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nhacviec/tasks"
)

// Trouble is what ails the service, as the office is told of it.
type Trouble struct {
	Channel tasks.Channel // that has it: the office hears of it at once, through another; "": none
	Cause   string        // what is wrong and what to do, in Vietnamese
	Command string        // what to type then; may be empty
	Detail  string        // technical, in English; may be empty
}

func (t Trouble) failure(at time.Time) tasks.Failure {
	return tasks.Failure{At: at, Cause: t.Cause, Command: t.Command, Detail: t.Detail, Recipient: tasks.Recipient{Channel: t.Channel}}
}

// Report gives the office's next notice something to tell that is no failed
// delivery. The trouble of a channel does not wait for the end of
// betweenNotices.
func (l *Loop) Report(t Trouble, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.troubles = append(l.troubles, t.failure(at))
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// The causes that are settled by themselves begin with these words.
const (
	configRefused = "Cấu hình mới không dùng được, cấu hình cũ vẫn có hiệu lực. " +
		"Đề nghị quản trị viên sửa tệp cấu hình, kiểm tra bằng lệnh «nhacviec check», rồi chạy lệnh dưới đây"
	clockAhead = "Đồng hồ máy chủ chỉ "
)

// ReportRefusal reports a config that could not be put in force. The next Reload
// settles it.
func (l *Loop) ReportRefusal(err error, at time.Time) {
	l.Report(Trouble{Cause: configRefused, Command: "nhacviec reload", Detail: err.Error()}, at)
}

// settle takes out the troubles that are over before the office was told. l.mu
// is held.
func (l *Loop) settle(cause string) {
	l.troubles = slices.DeleteFunc(l.troubles, func(f tasks.Failure) bool { return strings.HasPrefix(f.Cause, cause) })
}

// folded returns troubles with each of several alike as one, of the first's time.
func folded(troubles []tasks.Failure) (out []tasks.Failure) {
	for _, f := range troubles {
		alike := slices.IndexFunc(out, func(g tasks.Failure) bool {
			return f.Channel == g.Channel && f.Cause == g.Cause && f.Command == g.Command && f.Detail == g.Detail
		})
		if alike < 0 {
			out = append(out, f)
			continue
		}
		out[alike].Times = max(out[alike].Times, 1) + 1
	}
	return out
}

// Failing makes the next pass look for deliveries that the office has to hear
// of.
func (l *Loop) Failing() { l.failing.Store(true) }

// betweenNotices is how long the office is left in peace after a notice:
// servers that word each refusal differently must not become a flood of mails.
const betweenNotices = 15 * time.Minute

// tellFailures plans what the office must hear of.
func (l *Loop) tellFailures(now time.Time) error {
	damaged := l.failures.Damaged()
	for _, what := range damaged {
		if !l.damaged[what] {
			l.damaged[what] = true
			l.log.Error("a damaged record is passed over; run nhacviec verify, and restore a backup", "record", what)
		}
	}
	if len(l.troubles)+len(damaged) == 0 && !l.failing.Swap(false) {
		return nil
	}
	untold := true // until shown otherwise, a later pass looks again
	defer func() {
		if untold {
			l.failing.Store(true)
		}
	}()
	urgent := slices.ContainsFunc(l.troubles, func(f tasks.Failure) bool { return f.Channel != "" })
	if since := now.Sub(l.told); since >= 0 && since < betweenNotices && !urgent {
		return nil
	}
	notices, told, waiting, err := l.failureNotices(damaged, now)
	if err != nil {
		return fmt.Errorf("read what failed: %w", err)
	}
	if len(notices) > 0 {
		if err := l.commit(tasks.Fired{Deliveries: l.deliveries(notices, now), Told: told}); err != nil {
			return err
		}
		l.told = now
	}
	l.troubles = nil
	untold = waiting > len(told)
	return nil
}

// failureNotices returns what the standing office must hear of deliveries that
// failed, of damaged records and of reported troubles, and the ids of the
// deliveries that the notices tell of; waiting is how many deliveries it must
// hear of at all. The office is told through its other channels where it has
// any, and of one cause once a day; what failed for a cause it knows waits for
// the next day's notice. That a notice itself failed is told on no channel on
// which that would fail again.
func (l *Loop) failureNotices(damaged []string, now time.Time) (notices []tasks.Message, told []string, waiting int, err error) {
	failed, err := l.failures.Failures()
	if err != nil || len(failed)+len(damaged)+len(l.troubles) == 0 {
		return nil, nil, 0, err
	}
	sent, err := l.failures.SentMarks(tasks.Key{})
	if err != nil {
		return nil, nil, 0, err
	}
	at := now.In(l.setup.Calendar.Location).Truncate(time.Second)
	byPath := map[tasks.Channel][]tasks.Failure{}
	for _, f := range folded(l.troubles) {
		byPath[f.Channel] = append(byPath[f.Channel], f)
	}
	for _, what := range damaged {
		byPath[""] = append(byPath[""], Trouble{Cause: damagedRecord, Command: "nhacviec verify", Detail: what}.failure(at))
	}
	ids := map[tasks.Channel][]string{}
	for _, d := range failed {
		byPath[d.Channel] = append(byPath[d.Channel], failureOf(d))
		ids[d.Channel] = append(ids[d.Channel], d.ID)
	}
	for _, ch := range append([]tasks.Channel{""}, tasks.Channels...) {
		failures := byPath[ch]
		news := false
		for _, r := range l.setup.officeBeyond(ch) {
			m := tasks.Message{Kind: tasks.FailureNotice, At: at, Recipient: r, Failures: failures}
			if r.Channel == ch { // no other way: not about notices
				m.Failures = slices.DeleteFunc(slices.Clone(failures), func(f tasks.Failure) bool { return f.Unit == l.setup.Office.Unit })
			}
			if hasNews(m, sent) {
				notices, news = append(notices, m), true
			}
		}
		if news {
			told = append(told, ids[ch]...)
		}
	}
	return notices, told, len(failed), nil
}

const damagedRecord = "Một bản ghi trong cơ sở dữ liệu bị hỏng, nhiệm vụ hoặc thông báo ấy không được gửi. " +
	"Đề nghị quản trị viên khôi phục bản sao lưu bằng lệnh «nhacviec restore TỆP», sau khi chạy lệnh dưới đây để biết những gì bị hỏng"

// failureOf puts a delivery that failed or takes long into words for the office.
func failureOf(d tasks.Delivery) tasks.Failure {
	f := tasks.Failure{ID: d.ID, Recipient: d.Recipient, At: d.At, Detail: d.Error,
		Retrying: d.State == tasks.Retry, ByMail: len(d.Instead) > 0}
	f.Unsure = !f.Retrying && !f.ByMail && d.Doubts > 0
	says := func(words string) bool { return strings.Contains(d.Error, words) }
	switch {
	case f.Retrying:
		f.Cause = "Kênh này chưa nhận thông báo, hoặc chưa kết nối được"
	case f.ByMail:
		f.Cause = "Kênh ban đầu không nhận thông báo này"
	case f.Unsure && d.Crashes >= tasks.MaxCrashes:
		f.Cause = fmt.Sprintf("Phần mềm đã dừng đột ngột %d lần trong khi gửi thông báo này, nên không tự gửi nữa", d.Crashes)
		f.Detail = ""
	case f.Unsure:
		f.Cause = "Kênh này đã nhận nội dung mà không trả lời, nên phần mềm không tự gửi nữa"
	case says(gaveUp):
		f.Cause = fmt.Sprintf("Đã thử gửi trong %.0f giờ mà không được", giveUp.Hours())
	case says(channelGone):
		f.Cause = "Cấu hình không còn kênh này"
	case says(cannotBeRead):
		f.Cause = "Không đọc được nhiệm vụ trong cơ sở dữ liệu"
	case says(cannotCompose), says(internalError):
		f.Cause = "Phần mềm gặp lỗi khi soạn thông báo này"
	default:
		f.Cause = "Kênh này từ chối thông báo"
	}
	return f
}

// officeBeyond returns the office's addresses on channels other than the one
// that fails, and all of them if there is no other.
func (s Setup) officeBeyond(failing tasks.Channel) []tasks.Recipient {
	all := s.recipients(Rule{Channels: tasks.Channels}, s.Units.Audience(s.Office.Unit))
	var others []tasks.Recipient
	for _, r := range all {
		if r.Channel != failing {
			others = append(others, r)
		}
	}
	if len(others) > 0 {
		return others
	}
	return all
}

// hasNews reports whether a notice names a cause that its recipient was not
// told of on its day.
func hasNews(m tasks.Message, sent tasks.Sent) bool {
	for _, mark := range m.Marks() {
		if told, ok := sent[mark.SentKey]; !ok || told < mark.Rank {
			return true
		}
	}
	return false
}
