package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// TestThereIsAnotherWay runs the whole service against a group that the bot was
// thrown out of, and a mail address that is wrong until the config is corrected:
// both units are told, once.
func TestThereIsAnotherWay(t *testing.T) {
	t.Parallel()
	mails := make(chan notifytest.Message, 16)
	smtp, err := notifytest.StartSMTP(notifytest.SMTPSetup{OnAccept: func(m notifytest.Message) { mails <- m }})
	if err != nil {
		t.Fatal(err)
	}
	defer smtp.Close()
	smtp.Inject(notifytest.SMTPFault{Step: "rcpt", Reply: "450 4.2.0 mailbox full"})
	bot, err := notifytest.StartTelegram(notifytest.TelegramSetup{Token: serveToken})
	if err != nil {
		t.Fatal(err)
	}
	defer bot.Close()
	bot.Refuse("-100123", 403, "Forbidden: bot was kicked from the supergroup chat")
	byChat := fmt.Sprintf(serveConfig, smtp.Port(), bot.URL())
	byChat = strings.Replace(byChat, `["email", "telegram"]`, `["telegram"]`, 1)
	const rule = "\n[rules.thu]\ncron = \"@every 1s\"\ntasks = [\"dated\"]\nto = [\"noi-vu\"]\nbefore = [3]\nchannels = [\"email\"]\non_days_off = \"send\"\n"
	const unit = "\n[units.noi-vu]\nname = \"Phòng Nội vụ\"\nemail = [\"wrong@example.gov.vn\"]\n"
	before, _, _ := strings.Cut(byChat, "[rules.ngay]")
	before += unit + rule
	after := byChat + strings.Replace(unit, "wrong@", "right@", 1) + rule
	path := configDir(t, []byte(before))
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "telegram.token"), []byte(serveToken), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(filepath.Join(filepath.Dir(path), storeFile))
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	today := tasks.DateOf(time.Now().In(cfg.Location))
	plan := tasks.Plan{ID: "p", Title: "Kế hoạch", Issued: today - 9}
	read, err := tasks.Understand(plan, []tasks.Row{{No: "1", Lead: "Phòng Tư pháp", Content: "Báo cáo", Deadline: "Trước ngày " + (today + 3).Day()}}, cfg.Units, today)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Import(plan, time.Now(), "test", "", allNew(read)); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := startService(path, cfg, st, supervisor{}, newLogger(&log, 0))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.run(ctx); err != nil {
			t.Error(err)
		}
	})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for tried := false; !tried; <-tick.C {
		waiting, err := st.Outbox()
		if err != nil {
			t.Fatal(err)
		}
		tried = len(waiting) > 0 && waiting[0].State == tasks.Retry
	}
	if err := os.WriteFile(path, []byte(after), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reload(ctx); err != nil {
		t.Fatal(err)
	}
	for want := map[string]bool{"right@example.gov.vn": true, "tuphap@example.gov.vn": true}; len(want) > 0; {
		select {
		case m := <-mails:
			delete(want, m.Address)
		case <-time.After(10 * time.Second):
			t.Fatalf("no mail to %v within ten seconds", want)
		}
	}
	stop()
	running.Wait()

	entries := map[string]tasks.Delivery{}
	err = st.Ledger(tasks.LedgerQuery{}, func(e tasks.Entry) error {
		if e.Delivery != nil && e.Kind == tasks.Reminder {
			if _, twice := entries[e.Address]; twice {
				t.Errorf("%s has two entries", e.Address)
			}
			entries[e.Address] = *e.Delivery
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for from, c := range map[string]struct {
		to    string
		state tasks.DeliveryState
	}{"-100123": {"tuphap@example.gov.vn", tasks.Failed}, "wrong@example.gov.vn": {"right@example.gov.vn", tasks.Dropped}} {
		old, next := entries[from], entries[c.to]
		if old.State != c.state || next.State != tasks.Delivered || len(old.Instead) != 1 || old.Instead[0] != next.ID || next.For != old.ID {
			t.Errorf("%s is %s and goes on as %v; %s is %s, %s, for %s", from, old.State, old.Instead, c.to, next.ID, next.State, next.For)
		}
	}
}
