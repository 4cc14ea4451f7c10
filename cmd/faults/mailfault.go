//go:build linux

package main

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"nhacviec/notify/notifytest"
)

// mailFault is one thing that a mail server does wrong, once.
type mailFault struct {
	step string // "connect", "EHLO", "MAIL"; of one recipient: "RCPT", "DATA", "body", ".", and after the mail "RSET", "QUIT"
	say  string // words, lines parted by \n, or one of notifytest's; behind words it comes after them
	take bool   // at ".": the mail is accepted all the same
	want fate
}

// fate is what must become of the mail that a fault meets.
type fate string

const (
	again   fate = "again"   // tried again, and there once
	doubted fate = "doubted" // called uncertain, repeated once with the same Message-ID
	taken   fate = "taken"   // there once, at the first attempt
	unclear fate = "unclear" // the line broke in the middle: there once, and perhaps called uncertain
	refused fate = "refused" // not there, and the ledger and the office know
)

// faultyMail is a mail server with a fault for each recipient, and faults for
// whole conversations, which strike one after the other.
type faultyMail struct {
	listener net.Listener
	accept   func(notifytest.Message)
	atOnce   bool // it offers PIPELINING
	done     chan struct{}
	talks    sync.WaitGroup

	mu     sync.Mutex
	faults map[string]mailFault // by recipient
	early  []mailFault
	struck int
}

func startFaultyMail(accept func(notifytest.Message), atOnce bool, faults map[string]mailFault, early []mailFault) (*faultyMail, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &faultyMail{listener: listener, accept: accept, atOnce: atOnce, done: make(chan struct{}), faults: faults, early: early}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.talks.Go(func() { s.converse(conn) })
		}
	}()
	return s, nil
}

func (s *faultyMail) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

func (s *faultyMail) close() error {
	close(s.done)
	err := s.listener.Close()
	s.talks.Wait()
	return err
}

// next returns the fault for a step, which strikes but once.
func (s *faultyMail) next(step, to string) (mailFault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f, ok := s.faults[to]; ok && f.step == step {
		delete(s.faults, to)
		s.struck++
		return f, true
	}
	if len(s.early) > 0 && s.early[0].step == step {
		f := s.early[0]
		s.early = s.early[1:]
		s.struck++
		return f, true
	}
	return mailFault{}, false
}

// faulty returns the first recipient that has a fault for a step, or "".
func (s *faultyMail) faulty(step string, all []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, to := range all {
		if s.faults[to].step == step {
			return to
		}
	}
	return ""
}

// polite are the answers of a server without faults.
var polite = map[string]string{
	"connect": "220 mail.example ESMTP", "EHLO": "250-mail.example\n250 8BITMIME", "HELO": "250 mail.example", "MAIL": "250 2.1.0 Ok",
	"RCPT": "250 2.1.5 Ok", "DATA": "354 go ahead", ".": "250 2.0.0 Ok: queued", "RSET": "250 2.0.0 Ok", "NOOP": "250 Ok", "QUIT": "221 Bye",
}

// outOfOrder is what a client hears that did not wait for a refusal.
const outOfOrder = "503 5.5.1 bad sequence of commands"

// answer says what is right at a step, or what is wrong. It reports whether the
// conversation goes on as if nothing had happened.
func (s *faultyMail) answer(conn net.Conn, step, to string) (good bool) {
	f, wrong := s.next(step, to)
	if !wrong {
		text, known := polite[step]
		switch {
		case !known:
			text = "502 5.5.1 not implemented"
		case step == "EHLO" && s.atOnce:
			text = strings.Replace(text, "\n", "\n250-PIPELINING\n", 1)
		}
		return s.say(conn, text)
	}
	return s.say(conn, f.say) && strings.HasPrefix(f.say, polite[step][:3])
}

func (s *faultyMail) converse(conn net.Conn) {
	defer conn.Close()
	go func() { // whoever hangs here is freed in the end
		<-s.done
		_ = conn.Close()
	}()
	lines := bufio.NewReader(conn)
	s.answer(conn, "connect", "")
	to := ""
	sender, recipient := false, false // named and accepted
	var carried []string              // whose mails this connection has taken
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "RCPT":
			to = strings.Trim(strings.TrimPrefix(line[len(verb):], " TO:"), "<>")
			recipient = sender && s.answer(conn, verb, to)
			if !sender {
				s.say(conn, outOfOrder)
			}
			continue
		case "MAIL":
			sender, recipient = s.answer(conn, verb, to), false
			continue
		case "RSET", "QUIT": // the fault is that of a mail before
			s.answer(conn, verb, s.faulty(verb, carried))
			sender, recipient = false, false
			continue
		case "DATA":
			if !recipient {
				s.say(conn, outOfOrder)
				continue
			}
		}
		if !s.answer(conn, verb, to) || verb != "DATA" {
			continue
		}
		if f, wrong := s.next("body", to); wrong {
			s.say(conn, f.say)
		}
		if s.receive(conn, lines, to) != nil {
			return
		}
		carried = append(carried, to)
		to, sender, recipient = "", false, false
	}
}

// receive reads a mail and answers to it.
func (s *faultyMail) receive(conn net.Conn, lines *bufio.Reader, to string) error {
	var raw []byte
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		if line == ".\r\n" {
			break
		}
		raw = append(raw, strings.TrimPrefix(line, ".")...)
	}
	f, wrong := s.next(".", to)
	if !wrong || f.take {
		s.accept(notifytest.ReadMail(to, raw))
	}
	if wrong {
		s.say(conn, f.say)
	} else {
		s.say(conn, polite["."])
	}
	return nil
}

// deeds are what a server can do instead of speaking.
var deeds = []string{notifytest.Cut, notifytest.Reset, notifytest.Hang, notifytest.Flood, notifytest.Drip, notifytest.Half}

// say writes words and does what is no word. It reports whether the line still
// stands.
func (s *faultyMail) say(conn net.Conn, text string) bool {
	words, special := text, ""
	if at := strings.LastIndexByte(text, 0); at >= 0 && slices.Contains(deeds, text[at:]) {
		words, special = text[:at], text[at:]
	}
	if words != "" {
		if _, err := io.WriteString(conn, strings.ReplaceAll(words, "\n", "\r\n")+"\r\n"); err != nil {
			return false
		}
	}
	tcp, _ := conn.(*net.TCPConn)
	switch special {
	case notifytest.Hang:
		<-s.done
	case notifytest.Half:
		_ = tcp.CloseWrite()
		return false
	case notifytest.Reset:
		_ = tcp.SetLinger(0)
	case notifytest.Flood:
		for s.more(conn, strings.Repeat("250-and another thing\r\n", 1000), 0) {
		}
	case notifytest.Drip:
		for s.more(conn, "2", 20*time.Millisecond) {
		}
	case notifytest.Cut:
	default:
		return true
	}
	_ = conn.Close()
	return false
}

// more goes on talking. It reports whether anybody listens.
func (s *faultyMail) more(conn net.Conn, text string, wait time.Duration) bool {
	select {
	case <-s.done:
		return false
	case <-time.After(wait):
	}
	_, err := io.WriteString(conn, text)
	return err == nil
}
