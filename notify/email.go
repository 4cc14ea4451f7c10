package notify

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"sync"
	"time"

	"nhacviec/tasks"
)

// How EmailConfig.TLS may read.
const (
	StartTLS    = "starttls" // upgrade right after the greeting, or do not send
	ImplicitTLS = "tls"      // TLS from the first byte
	NoTLS       = "none"     // to this very machine only, and without a login
)

// EmailConfig says through which mail server to send, and as whom.
type EmailConfig struct {
	Host        string
	Port        int    // 0: what is usual for TLS (587, 465, 25)
	TLS         string // StartTLS, ImplicitTLS or NoTLS; "": StartTLS
	Username    string // "": no login
	Password    Secret
	From        string         // "Nhắc việc <nhacviec@example.gov.vn>"; its domain ends every Message-ID
	Connections int            // at most so many at a time; 0: 1
	Timeout     time.Duration  // for one mail, from dialling to the last reply; 0: one minute
	RootCAs     *x509.CertPool // whom to trust; nil: whom the system trusts
}

// Email sends mails through one server, over connections that it keeps open
// for a short while.
type Email struct {
	EmailConfig
	from   mail.Address
	domain string
	hide   redactor
	slots  chan struct{} // one for each connection in use
	logins *loginGate

	mu     sync.Mutex
	idle   []*smtpSession
	closed bool
}

// idleLimit is how long an unused connection stays open: long enough for the
// next mail of a digest run, shorter than any server's patience.
const idleLimit = 20 * time.Second

// NewEmail checks the config. It does not touch the network.
func NewEmail(c EmailConfig) (*Email, error) {
	ports := map[string]int{StartTLS: 587, ImplicitTLS: 465, NoTLS: 25}
	if c.TLS == "" {
		c.TLS = StartTLS
	}
	if _, ok := ports[c.TLS]; !ok {
		return nil, errors.New("email: tls: want starttls, tls or none")
	}
	if c.Port == 0 {
		c.Port = ports[c.TLS]
	}
	if c.Connections == 0 {
		c.Connections = 1
	}
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	from, err := mail.ParseAddress(c.From)
	switch {
	case c.Host == "":
		return nil, errors.New("email: host: missing")
	case c.Port < 1 || c.Port > 65535:
		return nil, fmt.Errorf("email: port: want 1 to 65535 (got %d)", c.Port)
	case c.TLS == NoTLS && !isLoopback(c.Host):
		return nil, errors.New("email: tls: none is for a server on this machine only; use starttls or tls")
	case c.TLS == NoTLS && c.Username != "":
		return nil, errors.New("email: username: a login would cross the network in clear; use starttls or tls")
	case c.Username != "" && c.Password.Reveal() == "":
		return nil, errors.New("email: password: missing for the username")
	case c.Connections < 1:
		return nil, fmt.Errorf("email: connections: want at least 1 (got %d)", c.Connections)
	case c.Timeout < 0:
		return nil, fmt.Errorf("email: timeout: want a positive duration (got %s)", c.Timeout)
	case err != nil:
		return nil, errors.New("email: from: want \"Name <address>\"")
	}
	if err := checkMailAddress(from.Address); err != nil {
		return nil, fmt.Errorf("email: from: its address %w", err)
	}
	password := c.Password.Reveal()
	secrets := []string{password}
	if password != "" { // as AUTH PLAIN writes it
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte("\x00"+c.Username+"\x00"+password)))
	}
	return &Email{
		EmailConfig: c,
		from:        *from,
		domain:      domainOf(from.Address),
		hide:        newRedactor(secrets...),
		slots:       make(chan struct{}, c.Connections),
		logins:      newLoginGate(),
	}, nil
}

// isLoopback reports whether a host name can only mean this machine.
func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// Send hands one mail over. A mail that the server confirmed is delivered,
// whatever becomes of the connection after that. If the answer to the whole
// mail is lost the outcome is Unknowable; a second copy has the same Message-ID
// and the same bytes.
func (e *Email) Send(ctx context.Context, out tasks.Outgoing) (tasks.Receipt, error) {
	raw, err := e.render(out)
	if err != nil {
		return tasks.Receipt{}, &tasks.SendError{Outcome: tasks.Permanent, Err: e.hide.error(err)}
	}
	if err := e.acquire(ctx); err != nil {
		return tasks.Receipt{}, &tasks.SendError{Outcome: tasks.Transient, Err: err}
	}
	defer e.release()
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()

	if s := e.takeIdle(); s != nil {
		reply, err := s.deliver(ctx, e.from.Address, out.Address, raw)
		if err == nil || !wentStale(ctx, err) {
			return e.finish(s, reply, err)
		}
		s.drop()
	}
	s, err := e.open(ctx)
	if err != nil {
		return tasks.Receipt{}, e.explain(err)
	}
	reply, err := s.deliver(ctx, e.from.Address, out.Address, raw)
	return e.finish(s, reply, err)
}

func (e *Email) finish(s *smtpSession, reply string, err error) (tasks.Receipt, error) {
	if err == nil || answeredInOrder(err) {
		e.park(s)
	} else {
		s.drop()
	}
	if err != nil {
		return tasks.Receipt{}, e.explain(err)
	}
	return tasks.Receipt{Reply: e.hide.text(reply)}, nil
}

// explain turns a failed step into what it means for the delivery.
func (e *Email) explain(err error) *tasks.SendError {
	outcome := smtpOutcome(err)
	return &tasks.SendError{
		Outcome:   outcome,
		Unreached: outcome == tasks.Transient && !namesRecipient(err),
		Err:       e.hide.error(fmt.Errorf("mail server %s: %w", net.JoinHostPort(e.Host, fmt.Sprint(e.Port)), err)),
	}
}

// Check connects, secures the connection and logs in, as for a mail, and sends
// none. Its error is a *tasks.SendError.
func (e *Email) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, e.Timeout)
	defer cancel()
	if err := e.acquire(ctx); err != nil {
		return &tasks.SendError{Outcome: tasks.Transient, Err: err}
	}
	defer e.release()
	s, err := e.open(ctx)
	if err != nil {
		return e.explain(err)
	}
	s.quit()
	return nil
}

// Close ends the idle connections and keeps the others from being reused.
func (e *Email) Close() error {
	e.mu.Lock()
	idle := e.idle
	e.idle, e.closed = nil, true
	e.mu.Unlock()
	for _, s := range idle {
		s.quit()
	}
	return nil
}

func (e *Email) acquire(ctx context.Context) error {
	select {
	case e.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("all %d connections to the mail server are busy: %w", e.Connections, ctx.Err())
	}
}

func (e *Email) release() { <-e.slots }

func (e *Email) takeIdle() *smtpSession {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.idle) == 0 {
		return nil
	}
	s := e.idle[len(e.idle)-1]
	e.idle = e.idle[:len(e.idle)-1]
	s.retire.Stop()
	return s
}

// park keeps a session for the next mail, or ends it after idleLimit.
func (e *Email) park(s *smtpSession) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || s.broken {
		s.drop()
		return
	}
	s.retire = time.AfterFunc(idleLimit, func() {
		if e.unpark(s) {
			s.quit()
		}
	})
	e.idle = append(e.idle, s)
}

// unpark takes a certain session out of the idle ones, if it is still there.
func (e *Email) unpark(s *smtpSession) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, other := range e.idle {
		if other == s {
			e.idle = append(e.idle[:i], e.idle[i+1:]...)
			return true
		}
	}
	return false
}
