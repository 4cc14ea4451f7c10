package notifytest

import (
	"bytes"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"nhacviec/tasks"
)

// SMTPSetup is what a mail server knows when it starts.
type SMTPSetup struct {
	TLS         string           // "none", "starttls" or "tls"; "": none
	Certificate *tls.Certificate // nil: one for 127.0.0.1, signed by itself
	Versions    [2]uint16        // least and greatest TLS version; 0: the usual
	Username    string           // "": it asks for no login
	Password    string
	Mailboxes   []string      // addresses that exist; nil: all do
	Greylist    int           // so many times a sender and recipient are turned away at first
	Busy        int           // each so many-th recipient gets a 421; 0: none
	OnAccept    func(Message) // called for each mail accepted; may be nil
}

// SMTPFault is one misbehaviour of a mail server at one step of a conversation.
// The first queued fault for a step strikes when it is reached. At "dot", Take
// accepts the mail first.
type SMTPFault struct {
	Step  string // "connect", "auth", "mail", "rcpt" or "dot"
	Reply string // answer so: "450 4.2.1 come back later"
	Take  bool
	Cut   bool // close the connection instead of an answer
	Hang  bool // never answer
}

// SMTP is a mail server that keeps what it gets.
type SMTP struct {
	recorder
	setup     SMTPSetup
	server    *smtp.Server
	listener  net.Listener
	roots     *x509.CertPool
	mailboxes map[string]bool
	done      chan struct{}
	closing   sync.Once

	mu     sync.Mutex
	queue  []SMTPFault
	logins int
	conns  int
	rcpts  int
	grey   map[string]int // turned away so often
}

// StartSMTP starts one on a free port.
func StartSMTP(setup SMTPSetup) (*SMTP, error) {
	s := &SMTP{recorder: recorder{onAccept: setup.OnAccept}, setup: setup, done: make(chan struct{}), grey: map[string]int{}}
	if setup.Mailboxes != nil {
		s.mailboxes = map[string]bool{}
		for _, address := range setup.Mailboxes {
			s.mailboxes[address] = true
		}
	}
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &smtpSession{server: s, conn: c}, nil
	}))
	s.server.Domain = "localhost"
	s.server.MaxMessageBytes = 32 << 20
	s.server.ErrorLog = log.New(io.Discard, "", 0)

	var secure *tls.Config
	if setup.TLS == "starttls" || setup.TLS == "tls" {
		if setup.Certificate == nil {
			certificate, err := NewCertificate("127.0.0.1", oneDay)
			if err != nil {
				return nil, err
			}
			setup.Certificate = &certificate
		}
		s.roots = x509.NewCertPool()
		s.roots.AddCert(setup.Certificate.Leaf)
		secure = &tls.Config{Certificates: []tls.Certificate{*setup.Certificate}, MinVersion: setup.Versions[0], MaxVersion: setup.Versions[1]}
	}
	if setup.TLS == "starttls" {
		s.server.TLSConfig = secure
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.listener = tcp
	var serve net.Listener = &doorman{Listener: tcp, server: s}
	if setup.TLS == "tls" {
		serve = tls.NewListener(serve, secure)
	}
	go func() { _ = s.server.Serve(serve) }()
	return s, nil
}

// Host is where it listens.
func (s *SMTP) Host() string { return "127.0.0.1" }

// Port is where it listens.
func (s *SMTP) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Roots holds the certificate that it shows; nil without TLS.
func (s *SMTP) Roots() *x509.CertPool { return s.roots }

// Inject queues faults.
func (s *SMTP) Inject(more ...SMTPFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, more...)
}

// Logins counts the attempts to log in.
func (s *SMTP) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Connections counts the connections that were made.
func (s *SMTP) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// Close ends the server and cuts its connections. Its port then refuses.
func (s *SMTP) Close() error {
	s.closing.Do(func() { close(s.done) })
	err := s.listener.Close() // it may not be serving yet
	if closed := s.server.Close(); closed != nil && !errors.Is(closed, net.ErrClosed) && !errors.Is(closed, smtp.ErrServerClosed) {
		return closed
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *SMTP) next(step string) (SMTPFault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.queue {
		if f.Step == step {
			s.queue = append(s.queue[:i], s.queue[i+1:]...)
			return f, true
		}
	}
	return SMTPFault{}, false
}

// doorman plays the faults of the first moment.
type doorman struct {
	net.Listener
	server *SMTP
}

func (d *doorman) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		d.server.mu.Lock()
		d.server.conns++
		d.server.mu.Unlock()
		fault, ok := d.server.next("connect")
		if !ok {
			return conn, nil
		}
		go func() {
			if fault.Hang {
				<-d.server.done
			}
			if fault.Reply != "" {
				_, _ = io.WriteString(conn, fault.Reply+"\r\n")
			}
			_ = conn.Close()
		}()
	}
}

// smtpSession is one conversation.
type smtpSession struct {
	server *SMTP
	conn   *smtp.Conn
	known  bool // logged in
	from   string
	to     string
}

// strike plays the fault of a step, if there is one, and reports that.
func (s *smtpSession) strike(step string) (struck bool, err error) {
	fault, ok := s.server.next(step)
	if !ok {
		return false, nil
	}
	return true, s.play(fault)
}

func (s *smtpSession) play(fault SMTPFault) error {
	switch {
	case fault.Hang:
		<-s.server.done
		return errors.New("closing down")
	case fault.Cut:
		_ = s.conn.Conn().Close()
		return errors.New("cut")
	case fault.Reply != "":
		return parseReply(fault.Reply)
	}
	return nil
}

func (s *smtpSession) AuthMechanisms() []string {
	if s.server.setup.Username == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		s.server.mu.Lock()
		s.server.logins++
		s.server.mu.Unlock()
		if struck, err := s.strike("auth"); struck {
			return err
		}
		want := s.server.setup
		if subtle.ConstantTimeCompare([]byte(username+"\x00"+password), []byte(want.Username+"\x00"+want.Password)) == 0 {
			return smtp.ErrAuthFailed
		}
		s.known = true
		return nil
	}), nil
}

func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	if struck, err := s.strike("mail"); struck {
		return err
	}
	if s.server.setup.Username != "" && !s.known {
		return parseReply("530 5.7.0 Authentication required")
	}
	return nil
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if struck, err := s.strike("rcpt"); struck {
		return err
	}
	if s.server.mailboxes != nil && !s.server.mailboxes[to] {
		return parseReply("550 5.1.1 User unknown")
	}
	if no := s.server.later(s.from, to); no != "" {
		return parseReply(no)
	}
	s.to = to
	return nil
}

// later is how the server puts a recipient off, or "".
func (s *SMTP) later(from, to string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rcpts++
	switch pair := from + " " + to; {
	case s.setup.Busy > 0 && s.rcpts%s.setup.Busy == 0:
		return "421 4.7.0 Too many messages, closing"
	case s.grey[pair] < s.setup.Greylist:
		s.grey[pair]++
		return "450 4.2.0 Greylisted, come back in five minutes"
	}
	return ""
}

func (s *smtpSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.begin()
	defer s.server.end()
	fault, struck := s.server.next("dot")
	if !struck || fault.Take {
		s.server.take(ReadMail(s.to, raw))
	}
	if struck {
		return s.play(fault)
	}
	return nil
}

func (s *smtpSession) Reset()        { s.to = "" }
func (s *smtpSession) Logout() error { return nil }

// parseReply reads "450 4.2.1 come back later".
func parseReply(reply string) error {
	no := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.NoEnhancedCode, Message: reply}
	code, text, _ := strings.Cut(reply, " ")
	if n, err := strconv.Atoi(code); err == nil {
		no.Code, no.Message = n, text
	}
	if class, rest, ok := strings.Cut(no.Message, " "); ok {
		parts := strings.Split(class, ".")
		if len(parts) == 3 {
			for i, part := range parts {
				no.EnhancedCode[i], _ = strconv.Atoi(part)
			}
			no.Message = rest
		}
	}
	return no
}

// ReadMail makes a Message of the raw mail that was accepted for an address.
func ReadMail(address string, raw []byte) Message {
	m := Message{Channel: tasks.Email, Address: address, Raw: raw}
	r, err := mail.CreateReader(bytes.NewReader(raw))
	if err != nil {
		return m
	}
	m.Subject, _ = r.Header.Subject()
	m.ID, _ = r.Header.MessageID()
	for {
		part, err := r.NextPart()
		if err != nil {
			return m
		}
		inline, ok := part.Header.(*mail.InlineHeader)
		if !ok {
			continue
		}
		body, _ := io.ReadAll(part.Body)
		switch kind, _, _ := inline.ContentType(); kind {
		case "text/plain":
			m.Text = string(body)
		case "text/html":
			m.HTML = string(body)
		}
	}
}

// TooFast implements FarEnd.
func (s *SMTP) TooFast() time.Duration {
	s.Inject(SMTPFault{Step: "rcpt", Reply: "450 4.7.1 Too much mail, come back later"})
	return 0
}

// CutAfterAccept implements FarEnd.
func (s *SMTP) CutAfterAccept() { s.Inject(SMTPFault{Step: "dot", Take: true, Cut: true}) }

// HangUp implements FarEnd.
func (s *SMTP) HangUp() { s.Inject(SMTPFault{Step: "dot", Take: true, Hang: true}) }
