package scheduler

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
)

// A config that is refused again and again is one thing to tell, and none when
// a good one is in force before the office was told.
func TestRefusedConfigs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, []Rule{rule(t, "r", daily, nil)}, task(2, "tu-phap", "trước ngày 30/6/2023"))
		defer w.store.Close()
		refuse := func(n int, what string) {
			for range n {
				w.loop.ReportRefusal(errors.New(what), time.Now())
			}
		}
		notices := func(after time.Duration) (out []string) {
			t.Helper()
			time.Sleep(after)
			if _, err := w.loop.Pass(time.Now()); err != nil {
				t.Fatal(err)
			}
			rows, err := w.store.Outbox()
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range rows {
				for _, f := range d.Failures {
					out = append(out, fmt.Sprintf("%s %s ×%d", d.Channel, f.Detail, f.Times))
				}
				d.State = tasks.Delivered
				if err := w.store.Put(d, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			slices.Sort(out)
			return out
		}
		equal := func(got []string, want ...string) {
			t.Helper()
			if !slices.Equal(got, want) {
				t.Errorf("the office is told %q, want %q", got, want)
			}
		}
		refuse(1, "c.toml:1: a")
		equal(notices(time.Second), "email c.toml:1: a ×0", "telegram c.toml:1: a ×0")
		refuse(38, "c.toml:2: b")
		refuse(1, "c.toml:3: c")
		equal(notices(time.Minute))
		equal(notices(betweenNotices), "email c.toml:2: b ×38", "email c.toml:3: c ×0", "telegram c.toml:2: b ×38", "telegram c.toml:3: c ×0")
		refuse(39, "c.toml:4: d")
		equal(notices(time.Minute))
		w.loop.Reload(w.loop.Setup())
		equal(notices(betweenNotices))
	})
}

// What may have arrived is never said not to have, and every reason is put into
// words, the technical ones behind them.
func TestFailureInWords(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		d      tasks.Delivery
		unsure bool
		says   string
		detail string
	}{
		"refused":        {tasks.Delivery{State: tasks.Failed, Error: "550 no such user"}, false, "từ chối", "550 no such user"},
		"gave up":        {tasks.Delivery{State: tasks.Failed, Error: "gave up after 72h0m0s: 451"}, false, "72 giờ", "gave up after 72h0m0s: 451"},
		"three ends":     {tasks.Delivery{State: tasks.Failed, Doubts: 3, Crashes: 3, Error: "set aside: the program ended"}, true, "dừng đột ngột 3 lần", ""},
		"no answer":      {tasks.Delivery{State: tasks.Failed, Doubts: 2, Error: "nobody knows whether it arrived, twice: EOF"}, true, "không trả lời", "nobody knows whether it arrived, twice: EOF"},
		"doubt, refused": {tasks.Delivery{State: tasks.Failed, Doubts: 1, Error: "550 no"}, true, "không trả lời", "550 no"},
		"by mail":        {tasks.Delivery{State: tasks.Failed, Doubts: 1, Instead: []string{"x"}, Error: "kicked"}, false, "Kênh ban đầu", "kicked"},
		"waits":          {tasks.Delivery{State: tasks.Retry, Doubts: 1, Error: "EOF"}, false, "chưa nhận", "EOF"},
		"unreadable":     {tasks.Delivery{State: tasks.Failed, Error: "p/1: cannot be read: checksum"}, false, "Không đọc được", "p/1: cannot be read: checksum"},
		"broken":         {tasks.Delivery{State: tasks.Failed, Error: "internal error: nil"}, false, "soạn thông báo", "internal error: nil"},
		"gone":           {tasks.Delivery{State: tasks.Failed, Error: "the channel email is no longer configured"}, false, "không còn kênh", "the channel email is no longer configured"},
	} {
		got := failureOf(tc.d)
		if got.Unsure != tc.unsure || !strings.Contains(got.Cause, tc.says) || got.Detail != tc.detail {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
