package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

const keepConfig = `
data_dir = "."
socket = "s"

[office]
organization = "Ủy ban nhân dân thành phố"
unit = "van-phong"

[email]
host = "127.0.0.1"
port = %d
tls = "none"
from = "Nhắc việc <nhacviec@example.gov.vn>"

[zalo_oa]
app_id = "42"
app_secret_file = "zalo-oa.secret"
refresh_token_file = "zalo-oa.refresh"
api_url = "%s"
oauth_url = "%[2]s"

[calendar]
quiet = []

[units.van-phong]
name = "Văn phòng"
email = ["vp@example.gov.vn"]
`

// TestOfficeHearsOfLostAccess: Zalo no longer takes the refresh token, and there
// is nothing to send. The office hears at once, the status shows it, and a new
// token in the file and a reload put it right.
func TestOfficeHearsOfLostAccess(t *testing.T) {
	t.Parallel()
	mails := make(chan notifytest.Message, 4)
	smtp, err := notifytest.StartSMTP(notifytest.SMTPSetup{OnAccept: func(m notifytest.Message) { mails <- m }})
	if err != nil {
		t.Fatal(err)
	}
	defer smtp.Close()
	const secret, spent, fresh = "CANARY-secret-of-the-application", "CANARY-spent-refresh-token", "CANARY-fresh-refresh-token"
	zalo, err := notifytest.StartZaloOA(notifytest.ZaloOASetup{AppID: "42", AppSecret: secret, RefreshToken: "CANARY-another"})
	if err != nil {
		t.Fatal(err)
	}
	defer zalo.Close()
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.toml", fmt.Sprintf(keepConfig, smtp.Port(), zalo.URL()))
	write("zalo-oa.secret", secret)
	write("zalo-oa.refresh", spent+"\n")
	path := filepath.Join(folder, "config.toml")
	cfg, err := LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(cfg.storePath())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	var log strings.Builder
	s, err := startService(path, cfg, st, supervisor{}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()

	var mail notifytest.Message
	select {
	case mail = <-mails:
	case <-time.After(20 * time.Second):
		t.Fatal("the office heard nothing")
	}
	if mail.Address != "vp@example.gov.vn" || !strings.Contains(mail.Text, "refresh token") || !strings.Contains(mail.Text, "nhacviec reload") {
		t.Errorf("to %s: %s", mail.Address, mail.Text)
	}
	trouble := func() string {
		t.Helper()
		status, err := s.Status()
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range status.Channels {
			if c.Channel == tasks.ZaloOA {
				return c.LastError
			}
		}
		t.Fatal("the status has no zalo_oa")
		return ""
	}
	if got := trouble(); !strings.Contains(got, "a person must authorise the application again") {
		t.Errorf("the status shows %q", got)
	}

	zalo.Authorize(fresh)
	write("zalo-oa.refresh", fresh+"\n")
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := trouble(); got != "" {
		t.Errorf("after a new authorisation the status shows %q", got)
	}
	if err := s.channels[tasks.ZaloOA].Check(t.Context()); err != nil || zalo.Rotations() != 1 {
		t.Errorf("%d rotations, %v", zalo.Rotations(), err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if leak := notifytest.Leak(log.String()+mail.Text+mail.HTML, secret, spent, fresh); leak != "" {
		t.Errorf("tells the secret %s", leak)
	}
	if n := len(mails); n != 0 {
		t.Errorf("%d more mails", n)
	}
}
