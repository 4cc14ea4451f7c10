package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// oneMail is a message for a server that knows every address.
func oneMail() tasks.Outgoing {
	return tasks.Outgoing{
		ID:      "abcdefghijklmnopqrstuvwxyz",
		At:      time.Date(2023, 6, 30, 7, 30, 0, 0, time.FixedZone("", 7*3600)),
		Kind:    tasks.Reminder,
		Address: "tuphap@example.gov.vn",
		Subject: "Nhắc việc: 01 nhiệm vụ quá hạn, 02 nhiệm vụ đến hạn trong 07 ngày tới",
		Text:    "Kính gửi Trưởng Phòng Tư pháp,\n\n.\nNhiệm vụ số 21: hạn 15/07/2023.\n",
		HTML:    "<!DOCTYPE html><html lang=\"vi\"><body><p>Kính gửi Trưởng Phòng Tư pháp,</p></body></html>\n",
	}
}

func newTestEmail(t *testing.T, c EmailConfig) *Email {
	t.Helper()
	if c.Host == "" {
		c.Host = "127.0.0.1"
	}
	c.From = "Nhắc việc <nhacviec@example.gov.vn>"
	e, err := NewEmail(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func startScript(t *testing.T, script notifytest.Script) *notifytest.ScriptedSMTP {
	t.Helper()
	server, err := notifytest.StartScript(script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

func startSMTP(t *testing.T, setup notifytest.SMTPSetup) *notifytest.SMTP {
	t.Helper()
	server, err := notifytest.StartSMTP(setup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server
}

// outcome is "sent" or what the error says.
func outcome(err error) tasks.Outcome {
	if err == nil {
		return "sent"
	}
	return tasks.AsSendError(err).Outcome
}

// TestEmailServerMisbehaves has every way of going wrong at every step.
func TestEmailServerMisbehaves(t *testing.T) {
	t.Parallel()
	const T, P, U, D = tasks.Transient, tasks.Permanent, tasks.Unknowable, tasks.ChannelDown
	replies := []struct{ name, text string }{
		{"4xx", "451 4.3.0 come back later"},
		{"5xx", "550 5.7.1 refused"},
		{"421", "421 4.3.2 closing"},
		{"cut", notifytest.Cut},
		{"reset", notifytest.Reset},
		{"silence", notifytest.Hang},
		{"half an answer", "250-so far\n\x00hang"},
		{"garbage", "what did you say?"},
		{"endless", notifytest.Flood},
		{"a byte at a time", notifytest.Drip},
		{"another code", "214 help yourself"},
		{"no code of the protocol", "650 strange"},
		{"nor this", "999 strange"},
		{"nor that", "150 wait"},
		{"half closed", notifytest.Half},
		{"a line of 2 MB", "250 " + strings.Repeat("x", 2<<20)},
	}
	steps := []struct {
		verb string
		want []tasks.Outcome
	}{
		{"connect", []tasks.Outcome{T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T}},
		{"EHLO", []tasks.Outcome{T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T}},
		{"MAIL", []tasks.Outcome{T, D, T, T, T, T, T, T, T, T, T, T, T, T, T, T}},
		{"RCPT", []tasks.Outcome{T, P, T, T, T, T, T, T, T, T, T, T, T, T, T, T}},
		{"DATA", []tasks.Outcome{T, P, T, T, T, T, T, T, T, T, T, T, T, T, T, T}},
		{".", []tasks.Outcome{T, P, T, U, U, U, U, U, U, U, U, U, U, U, U, U}},
	}
	hellos := map[string]string{"": "250-mail.example\n250 8BITMIME", "/at once": "250-mail.example\n250-PIPELINING\n250 8BITMIME"}
	for _, step := range steps {
		for i, reply := range replies {
			for name, hello := range hellos {
				t.Run(step.verb+"/"+reply.name+name, func(t *testing.T) {
					t.Parallel()
					script := notifytest.Script{"EHLO": hello, step.verb: reply.text}
					if step.verb == "EHLO" {
						script["HELO"] = reply.text
					}
					misbehave(t, script, reply.text, step.want[i])
				})
			}
		}
	}
}

// misbehave sends one mail to a server of which one answer is wrong.
func misbehave(t *testing.T, script notifytest.Script, wrong string, want tasks.Outcome) {
	server := startScript(t, script)
	timeout := 10 * time.Second
	if strings.HasSuffix(wrong, notifytest.Hang) || wrong == notifytest.Drip {
		timeout = 150 * time.Millisecond // what it waits for does not come
	}
	if want == tasks.Unknowable && timeout < time.Second {
		timeout *= 3 // to get as far as the dot
	}
	e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS, Timeout: timeout})
	began := time.Now()
	_, err := e.Send(t.Context(), oneMail())
	if outcome(err) != want {
		t.Errorf("want %s, got %v", want, err)
	}
	named := script["RCPT"] == wrong || script["DATA"] == wrong || script["."] == wrong
	anyMail := want == tasks.Transient && (!named || strings.HasPrefix(wrong, "421"))
	if got := tasks.AsSendError(err).Unreached; got != anyMail {
		t.Errorf("it would be so for any mail: %v, want %v (%v)", got, anyMail, err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
	if said := server.Said(); said > 8<<20 {
		t.Errorf("took in %d bytes of an endless reply", said)
	}
	if n := len(server.Accepted()); want != tasks.Unknowable && n != 0 {
		t.Errorf("%d mails accepted", n)
	}
}

func TestEmailSpecialReplies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		script   notifytest.Script
		want     tasks.Outcome
		accepted int
	}{
		{"too many recipients is transient (RFC 5321)", notifytest.Script{"RCPT": "552 5.5.3 Too many recipients"}, tasks.Transient, 0},
		{"mailbox full after the mail", notifytest.Script{".": "552 5.2.2 Mailbox full"}, tasks.Permanent, 0},
		{"no room for now (RFC 5321 would say 452)", notifytest.Script{"MAIL": "552 5.3.1 Mail system full"}, tasks.Transient, 0},
		{"our sender is not taken", notifytest.Script{"MAIL": "553 5.7.1 Sender address rejected: not owned by user"}, tasks.ChannelDown, 0},
		{"our sender is not taken, said late", notifytest.Script{"RCPT": "550 5.1.8 Sender address rejected: Domain not found"}, tasks.ChannelDown, 0},
		{"this machine is not served", notifytest.Script{"MAIL": "554 5.7.1 no SMTP service here"}, tasks.ChannelDown, 0},
		{"login wanted at MAIL", notifytest.Script{"MAIL": "530 5.7.0 Authentication required"}, tasks.ChannelDown, 0},
		{"login wanted at RCPT", notifytest.Script{"RCPT": "530 5.7.57 Client not authenticated"}, tasks.ChannelDown, 0},
		{"forwarding is a yes", notifytest.Script{"RCPT": "251 2.1.5 will forward"}, "sent", 1},
		{"accepted, then cut", notifytest.Script{".": "250 2.0.0 Ok\x00cut"}, "sent", 1},
		{"accepted, then reset", notifytest.Script{".": "250 2.0.0 Ok\x00reset"}, "sent", 1},
		{"accepted, then silence", notifytest.Script{".": "250 2.0.0 Ok\x00hang"}, "sent", 1},
		{"QUIT refused", notifytest.Script{"QUIT": "554 5.0.0 no"}, "sent", 1},
		{"QUIT cut", notifytest.Script{"QUIT": notifytest.Cut}, "sent", 1},
		{"QUIT unanswered", notifytest.Script{"QUIT": notifytest.Hang}, "sent", 1},
		{"only HELO", notifytest.Script{"EHLO": "502 5.5.1 what?"}, "sent", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := startScript(t, c.script)
			e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS})
			_, err := e.Send(t.Context(), oneMail())
			if outcome(err) != c.want {
				t.Errorf("want %s, got %v", c.want, err)
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
			if n := len(server.Accepted()); n != c.accepted {
				t.Errorf("want %d accepted, got %d", c.accepted, n)
			}
		})
	}
}

// TestEmailBreaksOffWhileWriting: half a mail must never become a whole one.
func TestEmailBreaksOffWhileWriting(t *testing.T) {
	t.Parallel()
	big := oneMail()
	big.Text = strings.Repeat("more than the buffers on the way can hold\n", 1<<17) // 5 MB
	for name, reply := range map[string]string{"reset": "354 go\x00reset", "nobody reads": "354 go\x00hang"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startScript(t, notifytest.Script{"DATA": reply})
			e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS, Timeout: 500 * time.Millisecond})
			_, err := e.Send(t.Context(), big)
			if outcome(err) != tasks.Transient {
				t.Errorf("want transient, got %v", err)
			}
			if n := len(server.Accepted()); n != 0 {
				t.Errorf("%d mails accepted", n)
			}
		})
	}
}

// TestEmailGetsThrough: servers that put mails off get them in the end, each once.
func TestEmailGetsThrough(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setup notifytest.SMTPSetup
		tries int // of one mail, at most
	}{
		"greylisting":     {notifytest.SMTPSetup{Greylist: 1}, 2},
		"strict greylist": {notifytest.SMTPSetup{Greylist: 2}, 3},
		"421 every third": {notifytest.SMTPSetup{Busy: 3}, 2},
		"both":            {notifytest.SMTPSetup{Greylist: 1, Busy: 4}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startSMTP(t, c.setup)
			e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS})
			const mails = 12
			for i := range mails {
				out := oneMail()
				out.ID, out.Address = fmt.Sprintf("mail%02d", i), fmt.Sprintf("donvi%d@example.gov.vn", i)
				tries := 1
				for _, err := e.Send(t.Context(), out); err != nil; _, err = e.Send(t.Context(), out) {
					if tries++; outcome(err) != tasks.Transient || tries > c.tries {
						t.Fatalf("try %d of mail %d: %v", tries-1, i, err)
					}
				}
			}
			seen := map[string]bool{}
			for _, m := range server.Accepted() {
				seen[m.ID] = true
			}
			if len(seen) != mails || len(server.Accepted()) != mails {
				t.Errorf("want %d mails, got %d of %d", mails, len(server.Accepted()), len(seen))
			}
		})
	}
}

// TestEmailDoubtfulCopyIsTheSame: who asks again after a doubt sends the same bytes.
func TestEmailDoubtfulCopyIsTheSame(t *testing.T) {
	t.Parallel()
	server := startSMTP(t, notifytest.SMTPSetup{})
	e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS})
	server.CutAfterAccept()
	if _, err := e.Send(t.Context(), oneMail()); outcome(err) != tasks.Unknowable {
		t.Fatalf("want uncertain, got %v", err)
	}
	if _, err := e.Send(t.Context(), oneMail()); err != nil {
		t.Fatal(err)
	}
	got := server.Accepted()
	if len(got) != 2 || got[0].ID == "" || string(got[0].Raw) != string(got[1].Raw) {
		t.Errorf("%d copies, ids %q", len(got), []string{got[0].ID, got[len(got)-1].ID})
	}
}

func TestEmailReusesConnections(t *testing.T) {
	t.Parallel()
	server := startSMTP(t, notifytest.SMTPSetup{})
	e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS, Connections: 3})
	var wg sync.WaitGroup
	for range 4 {
		for range 10 {
			wg.Go(func() {
				if _, err := e.Send(t.Context(), oneMail()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	if n := server.Connections(); n > 3 {
		t.Errorf("want at most 3 connections, got %d", n)
	}
	if n := len(server.Accepted()); n != 40 {
		t.Errorf("want 40 mails, got %d", n)
	}
}

// TestEmailStaleConnection: the server got tired of an idle connection.
func TestEmailStaleConnection(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]notifytest.SMTPFault{
		"cut":     {Step: "mail", Cut: true},
		"closing": {Step: "mail", Reply: "421 4.4.2 idle too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := startSMTP(t, notifytest.SMTPSetup{})
			e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS})
			for i := range 3 {
				if _, err := e.Send(t.Context(), oneMail()); err != nil {
					t.Fatalf("mail %d: %v", i+1, err)
				}
				server.Inject(fault)
			}
			if n := len(server.Accepted()); n != 3 {
				t.Errorf("want 3 mails, got %d", n)
			}
		})
	}
	t.Run("only so many mails a connection", func(t *testing.T) {
		t.Parallel()
		server := startSMTP(t, notifytest.SMTPSetup{})
		e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS})
		if _, err := e.Send(t.Context(), oneMail()); err != nil {
			t.Fatal(err)
		}
		server.Inject(notifytest.SMTPFault{Step: "mail", Reply: "421 4.7.0 too many mails on this connection"})
		if _, err := e.Send(t.Context(), oneMail()); err != nil {
			t.Fatal(err)
		}
		if len(server.Accepted()) != 2 || server.Connections() != 2 {
			t.Errorf("want 2 mails over 2 connections, got %d over %d", len(server.Accepted()), server.Connections())
		}
	})
	t.Run("a refusal does not spoil the connection", func(t *testing.T) {
		t.Parallel()
		server := startSMTP(t, notifytest.SMTPSetup{Mailboxes: []string{"tuphap@example.gov.vn"}})
		e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS})
		for i := range 6 {
			out, want := oneMail(), tasks.Outcome("sent")
			if i%2 == 0 {
				out.Address, want = "khongco@example.gov.vn", tasks.Permanent
			}
			if _, err := e.Send(t.Context(), out); outcome(err) != want {
				t.Fatalf("mail %d: want %s, got %v", i+1, want, err)
			}
		}
		if n := server.Connections(); n != 1 {
			t.Errorf("want 1 connection, got %d", n)
		}
	})
}

func TestEmailLeavesPolitely(t *testing.T) {
	t.Parallel()
	t.Run("when closed", func(t *testing.T) {
		t.Parallel()
		server := startScript(t, nil)
		e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS})
		if _, err := e.Send(t.Context(), oneMail()); err != nil {
			t.Fatal(err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Send(t.Context(), oneMail()); err != nil { // its connection is not kept
			t.Fatal(err)
		}
		server.Wait()
		want := []string{"EHLO example.gov.vn", "MAIL FROM:<nhacviec@example.gov.vn> BODY=8BITMIME", "RCPT TO:<tuphap@example.gov.vn>", "DATA", "QUIT",
			"EHLO example.gov.vn", "MAIL FROM:<nhacviec@example.gov.vn> BODY=8BITMIME", "RCPT TO:<tuphap@example.gov.vn>", "DATA"}
		if diff := cmp.Diff(want, server.Heard()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("when idle", func(t *testing.T) {
		t.Parallel()
		server := startScript(t, nil)
		e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS})
		if _, err := e.Send(t.Context(), oneMail()); err != nil {
			t.Fatal(err)
		}
		e.idle[0].retire.Reset(0)
		server.Wait()
		if heard := server.Heard(); heard[len(heard)-1] != "QUIT" {
			t.Errorf("heard %q", heard)
		}
	})
}

// TestEmailWaitsForASlot: a full pool gives way to the context.
func TestEmailWaitsForASlot(t *testing.T) {
	t.Parallel()
	server := startScript(t, notifytest.Script{"connect": notifytest.Hang})
	e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS, Timeout: 500 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if _, err := e.Send(ctx, oneMail()); outcome(err) != tasks.Transient {
				t.Errorf("want transient, got %v", err)
			}
		})
	}
	cancel()
	wg.Wait()
}

func TestNewEmail(t *testing.T) {
	t.Parallel()
	good := EmailConfig{Host: "mail.example.gov.vn", Username: "nhacviec", Password: NewSecret(mailPassword), From: "Nhắc việc <nhacviec@example.gov.vn>"}
	e, err := NewEmail(good)
	if err != nil {
		t.Fatal(err)
	}
	if e.Port != 587 || e.TLS != StartTLS || e.Connections != 1 || e.Timeout != time.Minute {
		t.Errorf("defaults: %+v", e.EmailConfig)
	}
	for name, c := range map[string]struct {
		change func(*EmailConfig)
		want   string
	}{
		"no host":             {func(c *EmailConfig) { c.Host = "" }, "email: host: missing"},
		"unknown tls":         {func(c *EmailConfig) { c.TLS = "ssl" }, `email: tls: want starttls, tls or none`},
		"plain to far away":   {func(c *EmailConfig) { c.TLS, c.Username = NoTLS, "" }, `email: tls: none is for a server on this machine only; use starttls or tls`},
		"login in clear":      {func(c *EmailConfig) { c.TLS, c.Host = NoTLS, "localhost" }, "email: username: a login would cross the network in clear; use starttls or tls"},
		"no password":         {func(c *EmailConfig) { c.Password = Secret{} }, "email: password: missing for the username"},
		"port":                {func(c *EmailConfig) { c.Port = 70000 }, "email: port: want 1 to 65535 (got 70000)"},
		"connections":         {func(c *EmailConfig) { c.Connections = -1 }, "email: connections: want at least 1 (got -1)"},
		"timeout":             {func(c *EmailConfig) { c.Timeout = -1 }, "email: timeout: want a positive duration (got -1ns)"},
		"from is no address":  {func(c *EmailConfig) { c.From = "Nhắc việc" }, `email: from: want "Name <address>"`},
		"from without a dot":  {func(c *EmailConfig) { c.From = "a@localhost" }, `email: from: its address has no dot after the @`},
		"from with a newline": {func(c *EmailConfig) { c.From = "a@example.vn\r\nBcc: b@example.vn" }, `email: from: want "Name <address>"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := good
			c.change(&bad)
			if _, err := NewEmail(bad); err == nil || err.Error() != c.want {
				t.Errorf("want %q, got %v", c.want, err)
			}
		})
	}
}

func TestEmailCancelledErrorIsKnown(t *testing.T) {
	t.Parallel()
	server := startScript(t, notifytest.Script{"MAIL": notifytest.Hang})
	e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS})
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	_, err := e.Send(ctx, oneMail())
	want := fmt.Sprintf("transient: mail server 127.0.0.1:%d: MAIL: context deadline exceeded", server.Port())
	if !errors.Is(err, context.DeadlineExceeded) || err.Error() != want {
		t.Errorf("want %q, got %v", want, err)
	}
}

func TestSMTPOutcomeOfTheDot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		wrote bool
		err   error
		want  tasks.Outcome
	}{
		{true, io.EOF, tasks.Unknowable},
		{true, context.DeadlineExceeded, tasks.Unknowable},
		{false, io.EOF, tasks.Transient}, // the dot never left
		{true, &textproto.Error{Code: 451, Msg: "later"}, tasks.Transient},
		{false, &textproto.Error{Code: 554, Msg: "no"}, tasks.Permanent},
	} {
		if got := smtpOutcome(&stepError{step: stepDot, wrote: c.wrote, err: c.err}); got != c.want {
			t.Errorf("wrote %v, %v: want %s, got %s", c.wrote, c.err, c.want, got)
		}
	}
}
