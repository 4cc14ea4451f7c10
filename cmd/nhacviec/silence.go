package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
	"nhacviec/web"
)

// silence is what the service knows of what has not left the house.
type silence struct {
	mu       sync.Mutex // guards what follows
	late     []tasks.Late
	untold   []tasks.Late // of it, what the office was not told of
	trouble  string       // why all has not left, as logged
	passed   time.Time    // the last pass that did its work
	passErr  error        // why the last one did not
	failedAt time.Time
	causes   map[scheduler.Trouble]bool       // found by the last look
	told     map[scheduler.Trouble]tasks.Date // the day on which the office was last told
}

// passFailed notes a pass that did not do its work. The process is alive, and
// another would fare no better with a full disk; but what cannot read its own
// store may be cured by a restart.
func (s *service) passFailed(now time.Time, err error) {
	s.silence.mu.Lock()
	s.silence.passErr, s.silence.failedAt = err, now
	s.silence.mu.Unlock()
	said := s.sup.status("the last pass failed: " + oneLine(err.Error()))
	if !errors.Is(err, store.ErrDamaged) {
		said = errors.Join(said, s.sup.alive())
	}
	if said != nil {
		s.log.Warn("service manager", "error", said)
	}
}

// passSucceeded notes a pass that did its work, and returns what is late.
func (s *service) passSucceeded(now time.Time) []tasks.Late {
	s.silence.mu.Lock()
	defer s.silence.mu.Unlock()
	s.silence.passed, s.silence.passErr, s.silence.failedAt = now, nil, time.Time{}
	return s.silence.late
}

// listen looks whether what should have left the house has. What two looks find
// is told to the office: after one, a machine that slept may just have woken.
func (s *service) listen(now time.Time) error {
	rows, err := s.store.Outbox()
	if err != nil {
		return fmt.Errorf("read what waits: %w", err)
	}
	cfg := s.current()
	now = now.In(cfg.Location)
	untoldRows := tasks.Untold(rows)
	var late [3][]tasks.Late // all, what the office was not told of, and what of that nobody has tried
	for i, rows := range [][]tasks.Delivery{rows, untoldRows, tasks.Untried(untoldRows, now)} {
		if late[i], err = s.lateBeyondLimits(rows, now); err != nil {
			return fmt.Errorf("read what was sent: %w", err)
		}
	}
	s.silence.mu.Lock()
	s.silence.late, s.silence.untold = late[0], late[1]
	passed, passErr := latest(s.silence.passed, s.since), s.silence.passErr
	s.silence.mu.Unlock()

	found := map[scheduler.Trouble][]any{} // details for the log
	health := s.daemon.deliverer.Health()
	for _, l := range late[2] {
		if health[l.Channel].Outage != "" { // findOutages tells
			continue
		}
		cause := "Đã quá 15 phút mà còn thông báo chưa gửi đi được qua " + channelWords[l.Channel]
		if !slices.Contains(cfg.Setup.Channels, l.Channel) {
			cause = "Cấu hình không còn kênh " + channelWords[l.Channel] + " nhưng còn thông báo chờ gửi qua kênh này"
		}
		found[scheduler.Trouble{Cause: cause + "; đề nghị quản trị viên xem bằng lệnh dưới đây", Command: "nhacviec outbox"}] = []any{"channel", l.Channel, "messages", l.Count, "since", l.Since}
	}
	if now.Sub(passed) >= tasks.LateAfter {
		trouble := scheduler.Trouble{Cause: "Đã quá 15 phút dịch vụ không xem được việc nào đến hạn nhắc; đề nghị quản trị viên xem bằng lệnh dưới đây", Command: "nhacviec status"}
		if passErr != nil {
			trouble.Detail = reason(passErr)
		}
		found[trouble] = []any{"last", passed, "error", passErr}
	}
	for trouble, details := range found {
		if s.silence.wasFound(trouble) && s.silence.isNews(trouble, now) {
			s.log.Error("messages have not left the house in time", append(details, "told", trouble.Cause)...)
			s.daemon.loop.Report(trouble, now)
		}
	}
	s.silence.remember(found)
	return nil
}

// lateBeyondLimits returns what is late and not only held up by the limits.
func (s *service) lateBeyondLimits(rows []tasks.Delivery, now time.Time) (late []tasks.Late, err error) {
	limits := limits(s.current())
	for _, l := range tasks.LateOf(rows, now, s.since) {
		within, err := s.withinLimit(l, limits[l.Channel].PerMinute, now)
		if err != nil {
			return nil, err
		}
		if !within {
			late = append(late, l)
		}
	}
	return late, nil
}

// allLeft reports whether every channel works and nothing is late but what the
// office knows of. If not, nobody outside may take it that all is well: with one
// channel the office can be told of its end by nobody else. The log says when
// that changes.
func (s *service) allLeft() bool {
	health := s.daemon.deliverer.Health()
	s.silence.mu.Lock()
	defer s.silence.mu.Unlock()
	var trouble []string
	for _, ch := range tasks.Channels {
		if h := health[ch]; h.Down || h.Outage != "" {
			trouble = append(trouble, "nothing goes out on "+string(ch))
		}
	}
	for _, l := range s.silence.untold {
		trouble = append(trouble, "messages are late on "+string(l.Channel))
	}
	why := strings.Join(trouble, ", ")
	switch {
	case why == s.silence.trouble:
	case why == "":
		s.log.Info("all that was due has left the house; the watch is called again")
	default:
		s.log.Error("not all that was due has left the house; the watch is not called", "why", why)
	}
	s.silence.trouble = why
	return why == ""
}

// withinLimit reports whether only the limit of a channel, in messages a minute,
// holds up what waits there: so much has gone out since the oldest should have
// that less than tasks.LateAfter was lost.
func (s *service) withinLimit(l tasks.Late, perMinute int, now time.Time) (bool, error) {
	if perMinute == 0 {
		return false, nil
	}
	since := latest(l.Since, s.since)
	sent, err := s.store.Sent(since)
	if err != nil {
		return false, err
	}
	n := 0
	for _, d := range sent {
		if d.Channel == l.Channel {
			n++
		}
	}
	used := time.Duration(n) * time.Minute / time.Duration(perMinute)
	return now.Sub(since)-used < tasks.LateAfter, nil
}

var channelWords = map[tasks.Channel]string{
	tasks.Email: "thư điện tử", tasks.Telegram: "Telegram", tasks.ZaloBot: "Zalo Bot", tasks.ZaloOA: "Zalo OA",
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// outageWords say what a channel suffers from.
var outageWords = map[scheduler.Outage]string{
	scheduler.Unreachable: "không kết nối được với máy chủ, hoặc máy chủ không phục vụ",
	scheduler.PuttingOff:  "máy chủ đều hoãn nhận các thông báo",
}

// findOutages tells the office of the channels on which nothing goes out any
// more, through the others, while that is still news.
func (s *service) findOutages(now time.Time) {
	now = now.In(s.current().Location)
	for ch, h := range s.daemon.deliverer.Health() {
		if h.Outage == "" {
			continue
		}
		trouble := scheduler.Trouble{Channel: ch, Command: "nhacviec status",
			Cause: "Kênh " + channelWords[ch] + ": hơn 3 phút qua " + outageWords[h.Outage] + ", chưa thông báo nào gửi đi được. " +
				"Phần mềm vẫn tự gửi lại; đề nghị quản trị viên kiểm tra đường truyền và máy chủ của kênh này, xem thêm bằng lệnh dưới đây"}
		if s.silence.isNews(trouble, now) {
			s.log.Error("nothing goes out on a channel", "channel", ch, "outage", h.Outage, "error", h.LastError)
			s.daemon.loop.Report(trouble, now)
		}
	}
}

// wasFound reports whether the last look found a trouble.
func (s *silence) wasFound(t scheduler.Trouble) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.causes[t]
}

// isNews reports whether the office was not told of a trouble today. It is now.
func (s *silence) isNews(t scheduler.Trouble, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	today := tasks.DateOf(now)
	if s.told[t] == today {
		return false
	}
	if s.told == nil {
		s.told = map[scheduler.Trouble]tasks.Date{}
	}
	s.told[t] = today
	return true
}

func (s *silence) remember(found map[scheduler.Trouble][]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.causes = map[scheduler.Trouble]bool{}
	for t := range found {
		s.causes[t] = true
	}
}

// fill puts what is known of the silence into the status.
func (s *silence) fill(st *web.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Late, st.LastPass, st.PassErrorAt = append([]tasks.Late{}, s.late...), s.passed, s.failedAt
	if s.passErr != nil {
		st.PassError = s.passErr.Error()
	}
}

// outbox is the store's, and remembers whether it can be written.
type outbox struct {
	*store.Store
	broken atomic.Bool
}

// Put stores a delivery.
func (o *outbox) Put(d tasks.Delivery, now time.Time) error {
	return o.note(o.Store.Put(d, now))
}

// Divide stores the parts of a delivery.
func (o *outbox) Divide(into []tasks.Delivery, now time.Time) error {
	return o.note(o.Store.Divide(into, now))
}

func (o *outbox) note(err error) error {
	o.broken.Store(err != nil)
	return err
}
