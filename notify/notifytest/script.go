package notifytest

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"
)

// Script is a mail server that says exactly what it is told to: the reply to
// each verb. Besides verbs there are "connect" for the first line and "." for
// the end of a mail. What is not in the script is answered well. Lines of a
// reply are parted by \n.
type Script map[string]string

// Replies that are not words.
const (
	Cut   = "\x00cut"   // close the connection
	Reset = "\x00reset" // close it the hard way
	Hang  = "\x00hang"  // say nothing more
	Flood = "\x00flood" // never stop talking
	Drip  = "\x00drip"  // never stop talking, a byte at a time
	Half  = "\x00half"  // close our direction only, and go on reading
)

var politeScript = Script{
	"connect": "220 mail.example ESMTP",
	"EHLO":    "250-mail.example\n250 8BITMIME",
	"HELO":    "250 mail.example",
	"MAIL":    "250 2.1.0 Ok",
	"RCPT":    "250 2.1.5 Ok",
	"DATA":    "354 go ahead",
	".":       "250 2.0.0 Ok: queued as 4711",
	"RSET":    "250 2.0.0 Ok",
	"QUIT":    "221 2.0.0 Bye",
	"*":       "501 5.7.0 cancelled",
}

// ScriptedSMTP is a running Script.
type ScriptedSMTP struct {
	recorder
	script   Script
	listener net.Listener
	done     chan struct{}
	closing  sync.Once
	talks    sync.WaitGroup

	mu    sync.Mutex
	heard []string
	said  int64
}

// StartScript starts a scripted mail server on a free port.
func StartScript(script Script) (*ScriptedSMTP, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &ScriptedSMTP{script: script, listener: listener, done: make(chan struct{})}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetReadBuffer(16 << 10) // so that who is not read notices soon
			}
			s.talks.Go(func() { s.converse(conn) })
		}
	}()
	return s, nil
}

// Port is where it listens, on 127.0.0.1.
func (s *ScriptedSMTP) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Heard returns every command that came, in order.
func (s *ScriptedSMTP) Heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.heard)
}

// Said counts the bytes that the other side took.
func (s *ScriptedSMTP) Said() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said
}

// Wait returns when every conversation that began is over.
func (s *ScriptedSMTP) Wait() { s.talks.Wait() }

// Close ends the server.
func (s *ScriptedSMTP) Close() error {
	s.closing.Do(func() { close(s.done) })
	return s.listener.Close()
}

func (s *ScriptedSMTP) converse(conn net.Conn) {
	defer conn.Close()
	lines := bufio.NewReader(conn)
	if !s.reply(conn, "connect") {
		return
	}
	to := ""
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.heard = append(s.heard, line)
		s.mu.Unlock()
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		switch verb {
		case "RCPT":
			to = strings.Trim(strings.TrimPrefix(line[len(verb):], " TO:"), "<>")
		case "DATA":
			if !s.reply(conn, verb) {
				return
			}
			if answer, ok := s.script[verb]; ok && !strings.HasPrefix(answer, "354") {
				continue
			}
			raw, err := readDot(lines)
			if err != nil {
				return
			}
			verb = "."
			// Who cuts the mail off does not keep it, unless he says yes to it first.
			if answer, ok := s.script["."]; !ok || strings.HasPrefix(answer, "250") {
				s.take(ReadMail(to, raw))
			}
		}
		if !s.reply(conn, verb) || verb == "QUIT" {
			return
		}
	}
}

// readDot reads a mail to the line that has only a dot.
func readDot(lines *bufio.Reader) ([]byte, error) {
	var raw []byte
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == ".\r\n" {
			return raw, nil
		}
		raw = append(raw, strings.TrimPrefix(line, ".")...)
	}
}

// reply says what the script has for a verb. It reports whether to go on.
func (s *ScriptedSMTP) reply(conn net.Conn, verb string) bool {
	text, ok := s.script[verb]
	if !ok {
		if text, ok = politeScript[verb]; !ok {
			text = "502 5.5.1 not implemented"
		}
	}
	words, special, _ := strings.Cut(text, "\x00")
	if words != "" {
		s.say(conn, strings.ReplaceAll(strings.TrimSuffix(words, "\n"), "\n", "\r\n")+"\r\n")
	}
	switch special {
	case "":
		return true
	case "hang":
		<-s.done
	case "half":
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		_, _ = io.Copy(io.Discard, conn)
	case "reset":
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	case "flood":
		for s.say(conn, strings.Repeat("250-and another thing\r\n", 1000)) {
			select {
			case <-s.done:
				return false
			default:
			}
		}
	case "drip": // one byte at a time, for ever
		for s.say(conn, "2") {
			select {
			case <-s.done:
				return false
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return false
}

func (s *ScriptedSMTP) say(conn net.Conn, text string) bool {
	n, err := io.WriteString(conn, text)
	s.mu.Lock()
	s.said += int64(n)
	s.mu.Unlock()
	return err == nil
}
