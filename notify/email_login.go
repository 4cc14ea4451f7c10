package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// loginPause is how long no login is tried after a refused one: servers lock an
// account out after a few wrong passwords in an hour.
const loginPause = 15 * time.Minute

// loginGate lets one login at a time through, so that a wrong password is sent
// once and not by every worker, and none at all for a while after a refusal.
type loginGate struct {
	turn    chan struct{} // holds one token while somebody logs in; guards what follows
	refused time.Time
	refusal *stepError
}

func newLoginGate() *loginGate { return &loginGate{turn: make(chan struct{}, 1)} }

// Inherit takes over what is known of the login from the Email of the config
// before, unless the login is another now: however often a config is read again,
// a refused password is not sent before its time. It is called before the first
// mail.
func (e *Email) Inherit(before *Email) {
	if e.Host == before.Host && e.Port == before.Port && e.TLS == before.TLS &&
		e.Username == before.Username && e.Password.Reveal() == before.Password.Reveal() {
		e.logins = before.logins
	}
}

// enter waits for the turn, and reports whether it came before ctx ended; leave
// passes it on.
func (g *loginGate) enter(ctx context.Context) bool {
	select {
	case g.turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g *loginGate) leave() { <-g.turn }

// closed returns the refusal that still counts, or nil. It waits for a login
// that is under way, for that one will tell.
func (g *loginGate) closed(ctx context.Context) *stepError {
	if !g.enter(ctx) {
		return nil
	}
	defer g.leave()
	return g.standing()
}

func (g *loginGate) standing() *stepError {
	if g.refusal != nil && time.Since(g.refused) >= loginPause {
		g.refusal = nil
	}
	return g.refusal
}

// pass logs in when the turn comes, unless a refusal still counts.
func (g *loginGate) pass(ctx context.Context, login func() error) *stepError {
	if !g.enter(ctx) {
		return &stepError{step: stepAuth, err: fmt.Errorf("another login is under way: %w", ctx.Err())}
	}
	defer g.leave()
	if refused := g.standing(); refused != nil {
		return refused
	}
	err := login()
	if err == nil {
		return nil
	}
	failed := &stepError{step: stepAuth, err: err}
	if code := replyCode(err); isRefusal(code) && code >= 500 {
		g.refused, g.refusal = time.Now(), failed
	}
	return failed
}

var (
	errClearLogin = errors.New("the connection is not encrypted; the password is not sent in clear")
	errNoLogin    = errors.New("the server offers no way to log in that is known here")
)

// login picks the mechanism when it sees what the server offers.
type login struct {
	smtp.Auth
	username, host string
	password       Secret
}

func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS {
		return "", nil, errClearLogin
	}
	offered := map[string]bool{}
	for _, name := range server.Auth {
		offered[strings.ToUpper(name)] = true
	}
	switch {
	case offered["PLAIN"]:
		l.Auth = smtp.PlainAuth("", l.username, l.password.Reveal(), l.host, false)
	case offered["LOGIN"]:
		l.Auth = smtp.LoginAuth(l.username, l.password.Reveal(), l.host, false)
	case offered["SCRAM-SHA-256"]:
		l.Auth = smtp.ScramSHA256Auth(l.username, l.password.Reveal())
	case offered["CRAM-MD5"]:
		l.Auth = smtp.CRAMMD5Auth(l.username, l.password.Reveal())
	default:
		return "", nil, fmt.Errorf("%w (offered: %s)", errNoLogin, strings.Join(server.Auth, " "))
	}
	return l.Auth.Start(server)
}
