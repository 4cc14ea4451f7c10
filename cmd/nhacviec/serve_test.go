package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
	"nhacviec/web"
)

// arrivals counts what the far ends of a script accepted.
type arrivals struct {
	mail, chat chan notifytest.Message
	byMail     int
	inChat     int
}

const (
	serveToken    = "123456:TOKEN-of-the-test_0123456789abcdefg"
	servePassword = "PASSWORD-of-the-test"
)

const serveConfig = `
data_dir = "data"
socket = "s"

[office]
organization = "Ủy ban nhân dân thành phố"
unit = "van-phong"
review = "0 0 1 1 *"
report = "0 0 1 1 *"

[email]
host = "127.0.0.1"
port = %d
tls = "none"
from = "Nhắc việc <nhacviec@example.gov.vn>"
per_minute = 6000

[telegram]
token_file = "telegram.token"
api_url = "%s"

[calendar]
quiet = []

[units.van-phong]
name = "Văn phòng"
email = ["vp@example.gov.vn"]

[units.tu-phap]
name = "Phòng Tư pháp"
email = ["tuphap@example.gov.vn"]
telegram = ["-100123"]

[rules.ngay]
cron = "@every 1s"
tasks = ["dated"]
to = ["lead"]
before = [3]
channels = ["email", "telegram"]
on_days_off = "send"
`

// TestServe runs testdata/serve/*.txt: the real daemon against a mail server and
// a Bot API on loopback, by the real clock.
func TestServe(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/serve",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			far := &arrivals{mail: make(chan notifytest.Message, 64), chat: make(chan notifytest.Message, 64)}
			env.Values["far"] = far
			smtp, err := notifytest.StartSMTP(notifytest.SMTPSetup{OnAccept: func(m notifytest.Message) {
				if m.Address == "tuphap@example.gov.vn" { // the office gets mails of its own, when something ails the service
					far.mail <- m
				}
			}})
			if err != nil {
				return err
			}
			env.Defer(func() { smtp.Close() })
			bot, err := notifytest.StartTelegram(notifytest.TelegramSetup{Token: serveToken, OnAccept: func(m notifytest.Message) { far.chat <- m }})
			if err != nil {
				return err
			}
			env.Defer(func() { bot.Close() })
			now := time.Now()
			zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
			if err != nil {
				return err
			}
			today := tasks.DateOf(now.In(zone))
			env.Setenv("GORACE", noRest)
			env.Setenv("TEST_NOW", now.Format(time.RFC3339))
			env.Setenv("NHACVIEC_CONFIG", "config.toml")
			env.Setenv("TODAY", today.String())
			config := fmt.Sprintf(serveConfig, smtp.Port(), bot.URL())
			plan := "| STT | Nội dung | Đơn vị chủ trì | Thời hạn |\n|---|---|---|---|\n| 1 | Báo cáo <&\" kết quả | Phòng Tư pháp | Trước ngày " + (today + 3).Day() + " |\n"
			for name, text := range map[string]string{
				"config.toml":    config,
				"broken.toml":    strings.Replace(config, "cron =", "crno =", 1),
				"plan.md":        plan,
				"telegram.token": serveToken,
			} {
				if err := os.WriteFile(filepath.Join(env.WorkDir, name), []byte(text), 0o600); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"arrives": arrives, "ready": ready},
	})
}

// arrives waits until so many messages have come on each channel, and fails if
// more have: arrives N.
func arrives(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: arrives N")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	far := ts.Value("far").(*arrivals)
	deadline := time.After(20 * time.Second)
	for far.byMail < want || far.inChat < want {
		select {
		case <-far.mail:
			far.byMail++
		case <-far.chat:
			far.inChat++
		case <-deadline:
			ts.Fatalf("%d mails and %d chat messages after 20 s, want %d of each", far.byMail, far.inChat, want)
		}
	}
	if far.byMail+len(far.mail) > want || far.inChat+len(far.chat) > want {
		ts.Fatalf("more than %d messages arrived: something was sent twice", want)
	}
}

// ready waits until the daemon answers.
func ready(ts *testscript.TestScript, _ bool, _ []string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for {
		if _, err := web.Dial(ts.MkAbs("s")); err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("no daemon answers after 10 s")
		}
	}
}
