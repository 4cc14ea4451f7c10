package scheduler

import (
	"fmt"
	"slices"
	"time"

	"nhacviec/tasks"
)

// Report gives the office's next notice something to tell that is no failed
// delivery, such as a config that could not be reloaded.
func (l *Loop) Report(cause string, at time.Time) { l.ReportOf("", cause, at) }

// ReportOf does so for the trouble of a channel: the office hears of it through
// another, and does not wait for the end of betweenNotices.
func (l *Loop) ReportOf(ch tasks.Channel, cause string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.troubles = append(l.troubles, tasks.Failure{At: at, Cause: cause, Recipient: tasks.Recipient{Channel: ch}})
	select {
	case l.wake <- struct{}{}:
	default:
	}
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
	for _, f := range l.troubles {
		byPath[f.Channel] = append(byPath[f.Channel], f)
	}
	for _, what := range damaged {
		byPath[""] = append(byPath[""], tasks.Failure{At: at, Cause: "một bản ghi trong cơ sở dữ liệu bị hỏng, nhiệm vụ hoặc thông báo ấy không được gửi; đề nghị quản trị viên chạy `nhacviec verify` và khôi phục bản sao lưu bằng `nhacviec restore`: " + what})
	}
	ids := map[tasks.Channel][]string{}
	for _, d := range failed {
		byPath[d.Channel] = append(byPath[d.Channel], tasks.Failure{ID: d.ID, Recipient: d.Recipient, At: d.At, Cause: d.Error, Retrying: d.State == tasks.Retry, ByMail: len(d.Instead) > 0})
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
