package notify

import (
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// TestEmailTrustsNobody: no mail and no password to a server that may be another.
func TestEmailTrustsNobody(t *testing.T) {
	t.Parallel()
	certificate := func(host string, good time.Duration) *tls.Certificate {
		c, err := notifytest.NewCertificate(host, good)
		if err != nil {
			t.Fatal(err)
		}
		return &c
	}
	for _, mode := range []string{StartTLS, ImplicitTLS} {
		for _, c := range []struct {
			name  string
			setup notifytest.SMTPSetup
			blind bool // does not know the signer
		}{
			{"wrong host", notifytest.SMTPSetup{Certificate: certificate("mail.example.org", time.Hour)}, false},
			{"expired", notifytest.SMTPSetup{Certificate: certificate("127.0.0.1", -time.Hour)}, false},
			{"unknown signer", notifytest.SMTPSetup{}, true},
			{"TLS 1.0", notifytest.SMTPSetup{Versions: [2]uint16{tls.VersionTLS10, tls.VersionTLS10}}, false},
			{"TLS 1.1", notifytest.SMTPSetup{Versions: [2]uint16{tls.VersionTLS11, tls.VersionTLS11}}, false},
		} {
			t.Run(mode+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				c.setup.TLS, c.setup.Username, c.setup.Password = mode, "nhacviec", mailPassword
				server := startSMTP(t, c.setup)
				config := EmailConfig{Port: server.Port(), TLS: mode, RootCAs: server.Roots(), Username: "nhacviec", Password: NewSecret(mailPassword)}
				if c.blind {
					config.RootCAs = nil
				}
				e := newTestEmail(t, config)
				for _, err := range []error{e.Check(t.Context()), func() error { _, err := e.Send(t.Context(), oneMail()); return err }()} {
					if outcome(err) != tasks.ChannelDown {
						t.Errorf("want channel-down, got %v", err)
					}
				}
				if len(server.Accepted()) != 0 || server.Logins() != 0 {
					t.Errorf("%d mails, %d logins", len(server.Accepted()), server.Logins())
				}
			})
		}
	}
}

// TestEmailSaysNothingInClear: what a server or a man in the middle says without
// TLS must bring out neither login nor mail.
func TestEmailSaysNothingInClear(t *testing.T) {
	t.Parallel()
	offer := "250-mail.example\n250-AUTH PLAIN LOGIN\n250 STARTTLS"
	for _, c := range []struct {
		name, mode string
		script     notifytest.Script
		want       tasks.Outcome
	}{
		{"STARTTLS stripped", StartTLS, notifytest.Script{"EHLO": "250-mail.example\n250 AUTH PLAIN LOGIN"}, tasks.ChannelDown},
		{"STARTTLS refused for now", StartTLS, notifytest.Script{"EHLO": offer, "STARTTLS": "454 4.7.0 TLS not available"}, tasks.Transient},
		{"STARTTLS refused", StartTLS, notifytest.Script{"EHLO": offer, "STARTTLS": "502 5.5.1 no"}, tasks.ChannelDown},
		{"STARTTLS cut", StartTLS, notifytest.Script{"EHLO": offer, "STARTTLS": notifytest.Cut}, tasks.Transient},
		{"STARTTLS agreed, then cut", StartTLS, notifytest.Script{"EHLO": offer, "STARTTLS": "220 go\x00cut"}, tasks.Transient},
		{"STARTTLS agreed, then silence", StartTLS, notifytest.Script{"EHLO": offer, "STARTTLS": "220 go\x00hang"}, tasks.Transient},
		{"STARTTLS agreed, then plain words", StartTLS, notifytest.Script{"EHLO": offer, "STARTTLS": "220 go\n250-mail.example\n250 AUTH PLAIN"}, tasks.ChannelDown},
		{"plain words on the TLS port", ImplicitTLS, notifytest.Script{"EHLO": offer}, tasks.ChannelDown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := startScript(t, c.script)
			config := EmailConfig{Port: server.Port(), TLS: c.mode, Username: "nhacviec", Password: NewSecret(mailPassword)}
			if strings.HasSuffix(c.script["STARTTLS"], notifytest.Hang) {
				config.Timeout = 400 * time.Millisecond
			}
			e := newTestEmail(t, config)
			_, err := e.Send(t.Context(), oneMail())
			if outcome(err) != c.want {
				t.Errorf("want %s, got %v", c.want, err)
			}
			for _, line := range server.Heard() {
				for _, word := range []string{"AUTH", "MAIL", "RCPT", "DATA"} {
					if strings.Contains(line, word) {
						t.Errorf("said in clear: %q", line)
					}
				}
			}
		})
	}
}

func TestEmailLogin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault notifytest.SMTPFault
		want  tasks.Outcome
	}{
		{"wrong password", notifytest.SMTPFault{Reply: "535 5.7.8 Authentication failed"}, tasks.ChannelDown},
		{"wrong password, echoed", notifytest.SMTPFault{Reply: "535 5.7.8 " + mailPassword + " is wrong"}, tasks.ChannelDown},
		{"mechanism too weak", notifytest.SMTPFault{Reply: "534 5.7.9 too weak"}, tasks.ChannelDown},
		{"account locked", notifytest.SMTPFault{Reply: "550 5.7.1 locked"}, tasks.ChannelDown},
		{"server cannot tell now", notifytest.SMTPFault{Reply: "454 4.7.0 Temporary authentication failure"}, tasks.Transient},
		{"closing", notifytest.SMTPFault{Reply: "421 4.3.2 closing"}, tasks.Transient},
		{"cut", notifytest.SMTPFault{Cut: true}, tasks.Transient},
		{"silence", notifytest.SMTPFault{Hang: true}, tasks.Transient},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := startSMTP(t, notifytest.SMTPSetup{TLS: StartTLS, Username: "nhacviec", Password: mailPassword})
			c.fault.Step = "auth"
			server.Inject(c.fault)
			config := EmailConfig{Port: server.Port(), RootCAs: server.Roots(), Username: "nhacviec", Password: NewSecret(mailPassword)}
			if c.fault.Hang {
				config.Timeout = 400 * time.Millisecond
			}
			e := newTestEmail(t, config)
			_, err := e.Send(t.Context(), oneMail())
			if outcome(err) != c.want {
				t.Errorf("want %s, got %v", c.want, err)
			}
			if leak := notifytest.Leak(err.Error(), mailPassword); leak != "" {
				t.Errorf("the error tells the password: %v", err)
			}
			if n := server.Logins(); n != 1 {
				t.Errorf("want 1 attempt to log in, got %d", n)
			}
		})
	}
}

// TestEmailRefusedLoginIsNotRepeated: a few wrong passwords in an hour lock an
// account, so however many workers there are, one asks, and none for a while.
func TestEmailRefusedLoginIsNotRepeated(t *testing.T) {
	t.Parallel()
	server := startSMTP(t, notifytest.SMTPSetup{TLS: StartTLS, Username: "nhacviec", Password: mailPassword})
	config := EmailConfig{Port: server.Port(), RootCAs: server.Roots(), Connections: 8, Username: "nhacviec", Password: NewSecret(wrongPassword)}
	e := newTestEmail(t, config)
	everybody := func() {
		t.Helper()
		var wg sync.WaitGroup
		causes := make([]string, 16)
		for i := range causes {
			wg.Go(func() {
				_, err := e.Send(t.Context(), oneMail())
				wantFailure(t, err, tasks.SendError{Outcome: tasks.ChannelDown}, wrongPassword)
				causes[i] = err.Error()
			})
		}
		wg.Wait()
		slices.Sort(causes)
		if causes := slices.Compact(causes); len(causes) != 1 || !strings.Contains(causes[0], "logging in: 535") {
			t.Errorf("want one cause, got %q", causes)
		}
	}
	// An hour: at once, and whenever the deliverer lets the channel try again.
	for quarter := range 4 {
		for range 3 {
			everybody()
			wantFailure(t, e.Check(t.Context()), tasks.SendError{Outcome: tasks.ChannelDown}, wrongPassword)
		}
		if n := server.Logins(); n != quarter+1 {
			t.Fatalf("in quarter %d: want %d attempts to log in, got %d", quarter, quarter+1, n)
		}
		connections := server.Connections()
		everybody()
		if n := server.Connections() - connections; n != 0 {
			t.Errorf("%d connections that cannot log in", n)
		}
		e.logins.refused = e.logins.refused.Add(-loginPause)
	}
	e.logins.refused = time.Now()
	config.Password = NewSecret(mailPassword) // and a reload
	if _, err := newTestEmail(t, config).Send(t.Context(), oneMail()); err != nil {
		t.Error(err)
	}
	// What the server cannot tell now may be asked again.
	e = newTestEmail(t, config)
	server.Inject(notifytest.SMTPFault{Step: "auth", Reply: "454 4.7.0 Temporary authentication failure"})
	if _, err := e.Send(t.Context(), oneMail()); outcome(err) != tasks.Transient {
		t.Errorf("want transient, got %v", err)
	}
	if _, err := e.Send(t.Context(), oneMail()); err != nil {
		t.Error(err)
	}
}

// TestEmailReloadsDoNotLockTheAccount: reading the config again sends a refused
// password again only when it, or whom it is for, is another.
func TestEmailReloadsDoNotLockTheAccount(t *testing.T) {
	t.Parallel()
	server := startSMTP(t, notifytest.SMTPSetup{TLS: StartTLS, Username: "nhacviec", Password: mailPassword})
	config := EmailConfig{Port: server.Port(), RootCAs: server.Roots(), Username: "nhacviec", Password: NewSecret(wrongPassword)}
	reload := func(before *Email) (*Email, error) {
		e := newTestEmail(t, config)
		if before != nil {
			e.Inherit(before)
		}
		_, err := e.Send(t.Context(), oneMail())
		return e, err
	}
	e, err := reload(nil)
	for range 5 {
		wantFailure(t, err, tasks.SendError{Outcome: tasks.ChannelDown}, wrongPassword)
		config.Connections++ // no matter of the login
		config.Password = NewSecret(wrongPassword)
		e, err = reload(e)
	}
	if n := server.Logins(); n != 1 {
		t.Errorf("want 1 attempt to log in, got %d", n)
	}
	config.Password = NewSecret(mailPassword)
	if _, err := reload(e); err != nil {
		t.Errorf("with another password: %v", err)
	}
	if n := server.Logins(); n != 2 {
		t.Errorf("want 2 attempts to log in, got %d", n)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tls     bool
		offered string
		want    string // mechanism
		err     error
	}{
		{true, "PLAIN LOGIN CRAM-MD5", "PLAIN", nil},
		{true, "login", "LOGIN", nil},
		{true, "XOAUTH2 SCRAM-SHA-256", "SCRAM-SHA-256", nil},
		{true, "CRAM-MD5", "CRAM-MD5", nil},
		{true, "XOAUTH2 NTLM", "", errNoLogin},
		{true, "", "", errNoLogin},
		{false, "PLAIN LOGIN SCRAM-SHA-256", "", errClearLogin},
	} {
		l := &login{username: "nhacviec", password: NewSecret(mailPassword), host: "mail.example.gov.vn"}
		got, said, err := l.Start(&smtp.ServerInfo{Name: "mail.example.gov.vn", TLS: c.tls, Auth: strings.Fields(c.offered)})
		if got != c.want || !errors.Is(err, c.err) || err != nil && said != nil {
			t.Errorf("%q: want %q, %v; got %q, %q, %v", c.offered, c.want, c.err, got, said, err)
		}
	}
}
