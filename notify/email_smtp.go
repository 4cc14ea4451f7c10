package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"nhacviec/tasks"
)

// smtpStep is a stage of the conversation with a mail server.
type smtpStep string

const (
	stepDial  smtpStep = "connecting"
	stepTLS   smtpStep = "securing the connection"
	stepHello smtpStep = "greeting"
	stepAuth  smtpStep = "logging in"
	stepReset smtpStep = "RSET"
	stepMail  smtpStep = "MAIL"
	stepRcpt  smtpStep = "RCPT"
	stepData  smtpStep = "DATA"
	stepBody  smtpStep = "writing the mail"
	stepDot   smtpStep = "waiting for the answer to the mail"
)

// stepError is a step that failed.
type stepError struct {
	step  smtpStep
	wrote bool // stepDot: the whole mail left this machine
	err   error
}

// Error has a reply in the server's own words: the library quotes it, and a
// secret in it would no longer read as one.
func (e *stepError) Error() string {
	text := e.err.Error()
	var reply *textproto.Error
	if errors.As(e.err, &reply) {
		text = fmt.Sprintf("%d %s", reply.Code, reply.Msg)
	}
	return string(e.step) + ": " + text
}

func (e *stepError) Unwrap() error { return e.err }

// replyBudget bounds what a server may say during one mail; an honest one
// needs a hundredth of it.
const replyBudget = 1 << 18

var errTalkative = errors.New("the server's reply has no end")

// smtpConn is the raw connection. It stops reading from a server that never
// comes to an end, and remembers whether everything could be written.
type smtpConn struct {
	net.Conn
	budget atomic.Int64
	failed atomic.Bool
}

func (c *smtpConn) Read(p []byte) (int, error) {
	if c.budget.Load() <= 0 {
		return 0, errTalkative
	}
	n, err := c.Conn.Read(p)
	c.budget.Add(int64(-n))
	return n, err
}

func (c *smtpConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.failed.Store(true)
	}
	return n, err
}

// guard closes the connection when ctx ends, which ends every read and write on
// it at once. The function it returns lifts the guard; it reports false if the
// connection is closed already.
func (c *smtpConn) guard(ctx context.Context) func() bool {
	c.budget.Store(replyBudget)
	return context.AfterFunc(ctx, func() { _ = c.Conn.Close() })
}

// smtpSession is a connection that is greeted, secured and logged in.
type smtpSession struct {
	conn   *smtpConn
	client *smtp.Client
	begun  bool        // a mail was begun and refused: the server still has its sender
	broken bool        // not fit for another one
	retire *time.Timer // while idle
}

// drop cuts the connection. Without a QUIT: the protocol library would end a
// mail that broke off half-way in front of it, and the server take it for whole.
func (s *smtpSession) drop() { _ = s.conn.Conn.Close() }

// quit takes leave, briefly.
func (s *smtpSession) quit() {
	_ = s.conn.SetDeadline(time.Now().Add(time.Second))
	s.conn.budget.Store(replyBudget)
	_ = s.client.Quit()
	s.drop()
}

// open dials, greets, secures and logs in; after a refused login it does not
// even dial for a while. Its error is a *stepError.
func (e *Email) open(ctx context.Context) (*smtpSession, error) {
	if refused := e.logins.closed(ctx); refused != nil {
		return nil, refused
	}
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(e.Host, strconv.Itoa(e.Port)))
	if err != nil {
		return nil, &stepError{step: stepDial, err: err}
	}
	conn := &smtpConn{Conn: raw}
	lift := conn.guard(ctx)
	client, failed := e.greet(ctx, conn)
	if !lift() && failed == nil {
		failed = &stepError{step: stepHello, err: ctx.Err()}
	}
	if failed != nil {
		_ = raw.Close()
		return nil, failed.because(ctx)
	}
	return &smtpSession{conn: conn, client: client}, nil
}

// because names the end of ctx as the cause of a step that failed by it.
func (e *stepError) because(ctx context.Context) *stepError {
	if cause := ctx.Err(); cause != nil && !hasReply(e.err) {
		e.err = cause
	}
	return e
}

func (e *Email) greet(ctx context.Context, conn *smtpConn) (*smtp.Client, *stepError) {
	trust := &tls.Config{ServerName: e.Host, RootCAs: e.RootCAs, MinVersion: tls.VersionTLS12}
	var wire net.Conn = conn
	if e.TLS == ImplicitTLS {
		secured := tls.Client(conn, trust)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, &stepError{step: stepTLS, err: err}
		}
		wire = secured
	}
	client, err := smtp.NewClient(wire, e.Host)
	if err != nil {
		return nil, &stepError{step: stepHello, err: err}
	}
	client.SkipSMTPUTF8(true) // our addresses are ASCII
	if err := client.Hello(e.domain); err != nil {
		return nil, &stepError{step: stepHello, err: err}
	}
	if e.TLS == StartTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return nil, &stepError{step: stepTLS, err: errNoStartTLS}
		}
		if err := client.StartTLS(trust); err != nil {
			return nil, &stepError{step: stepTLS, err: err}
		}
	}
	if e.Username != "" {
		if failed := e.logins.pass(ctx, func() error {
			return client.Auth(&login{username: e.Username, password: e.Password, host: e.Host})
		}); failed != nil {
			return nil, failed
		}
	}
	return client, nil
}

var errNoStartTLS = errors.New("the server does not offer STARTTLS; nothing is sent in clear")

// deliver carries one mail to one recipient and returns the server's reply.
// Its error is a *stepError.
func (s *smtpSession) deliver(ctx context.Context, from, to string, raw []byte) (string, error) {
	lift := s.conn.guard(ctx)
	reply, failed := s.transmit(from, to, raw)
	if !lift() {
		s.broken = true
	}
	if failed != nil {
		return "", failed.because(ctx)
	}
	return reply, nil
}

func (s *smtpSession) transmit(from, to string, raw []byte) (string, *stepError) {
	if s.begun {
		if err := s.client.Reset(); err != nil {
			return "", &stepError{step: stepReset, err: err}
		}
	}
	s.begun = true
	if failed := s.address(from, to); failed != nil {
		return "", failed
	}
	w := s.client.Text.DotWriter()
	if _, err := w.Write(raw); err != nil {
		return "", &stepError{step: stepBody, err: err}
	}
	_ = w.Close() // what could not be written is seen by smtpConn
	_, reply, err := s.client.Text.ReadResponse(250)
	if err != nil {
		return "", &stepError{step: stepDot, wrote: !s.conn.failed.Load(), err: err}
	}
	s.begun = false // RFC 5321, 4.1.1.4: the end of a mail clears its buffers
	return "250 " + reply, nil
}

// address names the sender and the recipient and asks to begin the mail. A
// server that offers PIPELINING (RFC 2920) gets the three commands at once: one
// round trip instead of three.
func (s *smtpSession) address(from, to string) *stepError {
	commands := []struct {
		step smtpStep
		line string
		want int
	}{
		{stepMail, "MAIL FROM:<" + from + ">", 250},
		{stepRcpt, "RCPT TO:<" + to + ">", 25},
		{stepData, "DATA", 354},
	}
	if eightBit, _ := s.client.Extension("8BITMIME"); eightBit {
		commands[0].line += " BODY=8BITMIME"
	}
	text := s.client.Text
	atOnce, _ := s.client.Extension("PIPELINING")
	if atOnce {
		for _, c := range commands {
			_, _ = text.W.WriteString(c.line + "\r\n")
		}
		_ = text.W.Flush() // what could not be written has no reply
	}
	var failed *stepError
	for _, c := range commands {
		if !atOnce {
			_ = text.PrintfLine("%s", c.line)
		}
		_, _, err := text.ReadResponse(c.want)
		switch {
		case failed != nil: // RFC 2920, 3.1: every reply is looked at
			s.broken = s.broken || replyCode(err) == 0 // it may wait for a mail
		case err != nil:
			failed = &stepError{step: c.step, err: err}
		}
		if failed != nil && (!atOnce || !answeredInOrder(failed)) {
			return failed
		}
	}
	return failed
}

// hasReply reports whether an error is a refusal in the server's own words.
func hasReply(err error) bool { return replyCode(err) != 0 }

func replyCode(err error) int {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return reply.Code
	}
	return 0
}

// answeredInOrder reports whether after an error both sides still agree on
// where they are, so that the session can carry another mail.
func answeredInOrder(err error) bool {
	code := replyCode(err)
	return isRefusal(code) && code != 421
}

// isRefusal reports whether a code is a no that the protocol knows. Other codes
// are noise, and so is 503, a bad sequence of commands: ours is right, so the
// reply is to something else, and the two sides have lost each other.
func isRefusal(code int) bool { return code >= 400 && code < 600 && code != 503 }

// wentStale reports whether a session taken from the idle ones turned out dead
// before it touched the mail; a new one may be tried at once.
func wentStale(ctx context.Context, err error) bool {
	var failed *stepError
	return ctx.Err() == nil && errors.As(err, &failed) && !answeredInOrder(err) &&
		(failed.step == stepReset || failed.step == stepMail)
}

// smtpOutcome says what a failed step means for the delivery.
func smtpOutcome(err error) tasks.Outcome {
	var failed *stepError
	if !errors.As(err, &failed) {
		return tasks.Transient
	}
	code := replyCode(err)
	refused := isRefusal(code) && code >= 500
	switch code {
	case 530, 534, 535, 538: // not logged in, or not well enough
		return tasks.ChannelDown
	}
	switch failed.step {
	case stepTLS:
		// A server that will not or cannot be trusted stays so until a person looks.
		if refused || code == 0 && !isNetworkError(err) {
			return tasks.ChannelDown
		}
	case stepAuth:
		if refused || errors.Is(err, errNoLogin) || errors.Is(err, errClearLogin) {
			return tasks.ChannelDown
		}
	case stepMail:
		// RFC 5321, 3.3: the server does not take this sender. No recipient is
		// named yet, so it would be the same for every mail.
		if refused && code != 552 {
			return tasks.ChannelDown
		}
	case stepRcpt:
		switch {
		case code == 552: // RFC 5321, 4.5.3.1.10: means 452
		case refused && blamesSender(err):
			return tasks.ChannelDown
		case refused:
			return tasks.Permanent
		}
	case stepData:
		if refused {
			return tasks.Permanent
		}
	case stepDot:
		switch {
		case refused:
			return tasks.Permanent
		case failed.wrote && !isRefusal(code): // no answer to what was asked: perhaps it was taken
			return tasks.Unknowable
		}
	}
	return tasks.Transient
}

// namesRecipient reports whether a step failed at which the server knew for whom
// the mail is: what fails before would fail for any other.
func namesRecipient(err error) bool {
	var failed *stepError
	if !errors.As(err, &failed) || replyCode(err) == 421 { // it closes
		return false
	}
	switch failed.step {
	case stepRcpt, stepData, stepBody, stepDot:
		return true
	}
	return false
}

// blamesSender reports whether a refusal is of our own address (RFC 3463, X.1.7
// and X.1.8): servers like to put it off until a recipient is named.
func blamesSender(err error) bool {
	var reply *textproto.Error
	return errors.As(err, &reply) && (strings.HasPrefix(reply.Msg, "5.1.7 ") || strings.HasPrefix(reply.Msg, "5.1.8 "))
}

// isNetworkError reports whether an error is a broken line or noise on it, and
// says nothing about whom it leads to.
func isNetworkError(err error) bool {
	var errno syscall.Errno
	var noise textproto.ProtocolError
	return errors.Is(err, errTalkative) || errors.As(err, &noise) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.Canceled) ||
		errors.Is(err, context.DeadlineExceeded) || errors.As(err, &errno)
}
