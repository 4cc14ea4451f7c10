package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"nhacviec/notify"
	"nhacviec/scheduler"
	"nhacviec/tasks"
)

// refusing returns a port on this machine on which nobody listens.
func refusing(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestDeadChannelIsTold has a mail server that is gone: the office hears of it
// within five minutes, through its other channel, once a day and not twice.
func TestDeadChannelIsTold(t *testing.T) {
	t.Parallel()
	s, log := smallService(t, "")
	gone, err := notify.NewEmail(notify.EmailConfig{Host: "127.0.0.1", Port: refusing(t), TLS: notify.NoTLS, From: "nhacviec@example.gov.vn"})
	if err != nil {
		t.Fatal(err)
	}
	s.daemon.deliverer.Use(map[tasks.Channel]scheduler.Lane{tasks.Email: {Sender: gone}})
	// The office's other channel is one that the test looks at only in the outbox.
	setup := s.daemon.loop.Setup()
	office, _ := setup.Units.Unit("van-phong")
	office.Addresses[tasks.Telegram] = []string{"-100"}
	setup.Channels = append(setup.Channels, tasks.Telegram)
	s.daemon.loop.Reload(setup)

	start := s.since.Round(0)
	now := start
	s.daemon.deliverer.Now = func() time.Time { return now }
	row := tasks.NewDelivery(tasks.Message{Kind: tasks.FailureNotice, At: start, Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "another", Address: "x@example.gov.vn"},
		Failures: []tasks.Failure{{At: start, Cause: "thử"}}}, "cfg", start)
	if err := s.store.CommitFire(tasks.Fired{Deliveries: []tasks.Delivery{row}}); err != nil {
		t.Fatal(err)
	}
	type notice struct {
		channel tasks.Channel
		causes  string
	}
	told := func() (out []notice) {
		t.Helper()
		if _, err := s.daemon.loop.Pass(now); err != nil {
			t.Fatal(err)
		}
		rows, err := s.store.Outbox()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range rows {
			if d.Unit == "another" {
				continue
			}
			n := notice{channel: d.Channel}
			for _, f := range d.Failures {
				n.causes += f.Cause + "\n"
			}
			out = append(out, n)
			d.State = tasks.Delivered
			if err := s.store.Put(d, now); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	var after []time.Duration
	var all []notice
	for ; now.Sub(start) < 29*time.Minute; now = now.Add(keepEvery) {
		s.daemon.deliverer.Drain(t.Context())
		s.passed(now, time.Time{})
		s.findOutages(now)
		if now.Sub(start)%tendEvery == 0 {
			if err := s.listen(now); err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range told() {
			after, all = append(after, now.Sub(start)), append(all, n)
		}
	}
	if len(all) != 1 || after[0] > 5*time.Minute || after[0] < 3*time.Minute {
		t.Fatalf("told %v after %v, want once after 3 to 5 minutes\n%s", all, after, log)
	}
	want := "Kênh thư điện tử: hơn 3 phút qua không kết nối được với máy chủ, hoặc máy chủ không phục vụ, chưa thông báo nào gửi đi được. " +
		"Phần mềm vẫn tự gửi lại; đề nghị quản trị viên kiểm tra đường truyền và máy chủ của kênh này, xem thêm bằng lệnh dưới đây\n"
	if all[0].channel != tasks.Telegram || all[0].causes != want {
		t.Errorf("told by %s: %q, want by telegram: %q", all[0].channel, all[0].causes, want)
	}
	if n := strings.Count(log.String(), "nothing goes out on a channel"); n != 1 {
		t.Errorf("%d lines in the log, want 1:\n%s", n, log)
	}
	now = start.Add(25 * time.Hour)
	s.findOutages(now)
	if got := told(); len(got) != 0 {
		t.Errorf("what was last tried a day ago is told: %v", got)
	}
	if got := s.daemon.deliverer.Health()[tasks.Email].Outage; got != "" {
		t.Errorf("a day after the last attempt the outage is %q", got)
	}
}
