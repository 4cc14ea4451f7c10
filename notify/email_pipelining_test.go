package notify

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// TestEmailPipelining: what a server that offers it gets at once, and what
// becomes of a mail and its connection when it says no to a part of that.
func TestEmailPipelining(t *testing.T) {
	t.Parallel()
	const offer = "250-mail.example\n250 PIPELINING"
	for _, c := range []struct {
		name   string
		script notifytest.Script
		want   []tasks.Outcome // of two mails
		heard  string          // verbs
	}{
		{"both are sent over one connection", nil,
			[]tasks.Outcome{"sent", "sent"}, "EHLO MAIL RCPT DATA MAIL RCPT DATA"},
		{"a recipient refused, and so the mail", notifytest.Script{"RCPT": "550 5.1.1 no such user", "DATA": "554 5.5.1 no valid recipients"},
			[]tasks.Outcome{tasks.Permanent, tasks.Permanent}, "EHLO MAIL RCPT DATA RSET MAIL RCPT DATA"},
		{"a recipient refused, but the mail awaited: it gets none", notifytest.Script{"RCPT": "550 5.1.1 no such user"},
			[]tasks.Outcome{tasks.Permanent, tasks.Permanent}, "EHLO MAIL RCPT DATA EHLO MAIL RCPT DATA"},
		{"the sender refused, the rest accepted", notifytest.Script{"MAIL": "550 5.7.1 not you"},
			[]tasks.Outcome{tasks.ChannelDown, tasks.ChannelDown}, "EHLO MAIL RCPT DATA EHLO MAIL RCPT DATA"},
		{"the first no counts", notifytest.Script{"MAIL": "451 4.3.0 later", "RCPT": "550 5.5.1 no sender", "DATA": "503 5.5.1 no sender"},
			[]tasks.Outcome{tasks.Transient, tasks.Transient}, "EHLO MAIL RCPT DATA RSET MAIL RCPT DATA"},
		{"an answer left out: the next one is not taken for it", notifytest.Script{"MAIL": "", "RCPT": "503 5.5.1 no sender", "DATA": "503 5.5.1 no sender"},
			[]tasks.Outcome{tasks.Transient, tasks.Transient}, "EHLO MAIL RCPT DATA EHLO MAIL RCPT DATA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			script := notifytest.Script{"EHLO": offer}
			for verb, reply := range c.script {
				script[verb] = reply
			}
			server := startScript(t, script)
			e := newTestEmail(t, EmailConfig{Port: server.Port(), TLS: NoTLS})
			accepted := 0
			for i, want := range c.want {
				if _, err := e.Send(t.Context(), oneMail()); outcome(err) != want {
					t.Errorf("mail %d: want %s, got %v", i+1, want, err)
				}
				if want == "sent" {
					accepted++
				}
			}
			if n := len(server.Accepted()); n != accepted {
				t.Errorf("%d mails accepted, want %d", n, accepted)
			}
			var verbs []string
			for _, line := range server.Heard() {
				verb, _, _ := strings.Cut(line, " ")
				verbs = append(verbs, verb)
			}
			if heard := strings.Join(verbs, " "); heard != c.heard {
				t.Errorf("the server heard %s, want %s", heard, c.heard)
			}
		})
	}
}

// TestEmailAwaitsReplies: three commands come before the first reply where the
// server offers it, and one where it does not.
func TestEmailAwaitsReplies(t *testing.T) {
	t.Parallel()
	for hello, lines := range map[string]int{"250-mail.example\r\n250 PIPELINING": 3, "250 mail.example": 1} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		heard := make(chan error, 1)
		go func() { heard <- patient(l, hello, lines) }()
		e := newTestEmail(t, EmailConfig{Port: l.Addr().(*net.TCPAddr).Port, TLS: NoTLS})
		_, err = e.Send(t.Context(), oneMail())
		if err != nil {
			t.Errorf("%q: %v", hello, err)
		}
		if err := <-heard; err != nil {
			t.Errorf("%q: %v", hello, err)
		}
	}
}

// patient is a mail server for one mail that replies to so many commands at a
// time, and wants no more than those to be there.
func patient(l net.Listener, hello string, lines int) error {
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	say := func(reply string) { _, _ = io.WriteString(conn, reply+"\r\n") }
	say("220 mail.example")
	if _, err := in.ReadString('\n'); err != nil {
		return err
	}
	say(hello)
	replies := []string{"250 Ok", "250 Ok", "354 go ahead"}
	for i := 0; i < len(replies); i += lines {
		for range lines {
			if _, err := in.ReadString('\n'); err != nil {
				return err
			}
		}
		if in.Buffered() > 0 {
			return fmt.Errorf("%d bytes more than %d commands", in.Buffered(), lines)
		}
		say(strings.Join(replies[i:i+lines], "\r\n"))
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		if line == ".\r\n" {
			say("250 Ok")
			return nil
		}
	}
}
