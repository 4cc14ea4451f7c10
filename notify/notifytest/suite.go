package notifytest

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"nhacviec/tasks"
)

// Sender is what a channel is.
type Sender interface {
	Send(context.Context, tasks.Outgoing) (tasks.Receipt, error)
	Check(context.Context) error
	Close() error
}

// FarEnd is a channel's other side, told by what to do rather than how.
type FarEnd interface {
	Accepted() []Message
	// TooFast makes it refuse the next message as one too many, and returns how
	// long it asks to wait (0: it cannot say).
	TooFast() time.Duration
	// CutAfterAccept makes it accept the next message and go away without a word.
	CutAfterAccept()
	// HangUp makes it take the next message and never answer.
	HangUp()
	Close() error
}

// Rig is one channel with a far end of its own.
type Rig struct {
	Sender   Sender
	Stranger Sender // the same channel with credentials that the far end refuses
	Far      FarEnd
}

// Subject is a channel under test.
type Subject struct {
	Channel tasks.Channel
	Address string   // the far end knows it
	Unknown string   // well-formed, but the far end does not know it
	Secrets []string // of both senders; may stand in no error
	Markup  func(plain string) string
	Start   func() (*Rig, error)
}

// Case is one thing that a channel must do.
type Case struct {
	Name string
	Run  func(context.Context) error
}

// suiteText has what breaks careless channels: Vietnamese, markup, quotes, lines
// that a mail server could take for the end, brackets that Zalo reads.
const suiteText = "Kính gửi Công an thành phố: “Đề án 06” <b>& \"Luật\"</b> — nhiệm vụ số 21\n.\n.. hạn 15/07/2023 (còn 15 ngày) = 100% ✅\n\nVăn phòng"

// Suite returns the cases for a channel. Each starts and ends a rig of its own,
// so they may run at the same time.
func Suite(s Subject) []Case {
	with := func(name string, run func(context.Context, *Rig) error) Case {
		return Case{name, func(ctx context.Context) (err error) {
			rig, err := s.Start()
			if err != nil {
				return fmt.Errorf("starting: %w", err)
			}
			defer func() {
				err = errors.Join(err, rig.Sender.Close(), rig.Stranger.Close(), rig.Far.Close())
			}()
			return run(ctx, rig)
		}}
	}
	return []Case{
		with("delivers", func(ctx context.Context, rig *Rig) error {
			receipt, err := rig.Sender.Send(ctx, s.outgoing("a1"))
			if err != nil {
				return err
			}
			if receipt.Reply == "" {
				return errors.New("the receipt has no reply")
			}
			return s.arrived(rig, 1)
		}),
		with("delivers again over the same connection", func(ctx context.Context, rig *Rig) error {
			for i := range 3 {
				if _, err := rig.Sender.Send(ctx, s.outgoing(fmt.Sprintf("a%d", i))); err != nil {
					return fmt.Errorf("message %d: %w", i+1, err)
				}
			}
			return s.arrived(rig, 3)
		}),
		with("checks without sending", func(ctx context.Context, rig *Rig) error {
			if err := rig.Sender.Check(ctx); err != nil {
				return err
			}
			return s.arrived(rig, 0)
		}),
		with("an unknown address is permanent", func(ctx context.Context, rig *Rig) error {
			out := s.outgoing("a1")
			out.Address = s.Unknown
			if _, err := s.refused(ctx, rig.Sender, out, tasks.Permanent); err != nil {
				return err
			}
			if _, err := rig.Sender.Send(ctx, s.outgoing("a2")); err != nil {
				return fmt.Errorf("the next message: %w", err)
			}
			return s.arrived(rig, 1)
		}),
		with("a malformed address is permanent", func(ctx context.Context, rig *Rig) error {
			for _, address := range []string{"", "a b", "x\r\nRCPT TO:<y@example.vn>", "\x00"} {
				out := s.outgoing("a1")
				out.Address = address
				if _, err := s.refused(ctx, rig.Sender, out, tasks.Permanent); err != nil {
					return fmt.Errorf("address %q: %w", address, err)
				}
			}
			return s.arrived(rig, 0)
		}),
		with("a server that is down is transient", func(ctx context.Context, rig *Rig) error {
			if err := rig.Far.Close(); err != nil {
				return err
			}
			_, err := s.refused(ctx, rig.Sender, s.outgoing("a1"), tasks.Transient)
			if err != nil { // another test's server may have got the port for a moment
				_, err = s.refused(ctx, rig.Sender, s.outgoing("a1"), tasks.Transient)
			}
			return err
		}),
		with("a server that went down after a message is transient", func(ctx context.Context, rig *Rig) error {
			if _, err := rig.Sender.Send(ctx, s.outgoing("a1")); err != nil {
				return err
			}
			if err := rig.Far.Close(); err != nil {
				return err
			}
			// The connection that is still open may break before or after the words
			// have left; the one thing that may not be said is that they arrived.
			_, err := rig.Sender.Send(ctx, s.outgoing("a2"))
			if outcome := tasks.AsSendError(err).Outcome; err == nil || outcome != tasks.Transient && outcome != tasks.Unknowable {
				return fmt.Errorf("want transient or uncertain, got %v", err)
			}
			return s.clean(err)
		}),
		with("too fast is transient, with the wait asked for", func(ctx context.Context, rig *Rig) error {
			wait := rig.Far.TooFast()
			failed, err := s.refused(ctx, rig.Sender, s.outgoing("a1"), tasks.Transient)
			if err != nil {
				return err
			}
			if failed.RetryAfter < wait {
				return fmt.Errorf("want to wait at least %s, got %s", wait, failed.RetryAfter)
			}
			if _, err := rig.Sender.Send(ctx, s.outgoing("a1")); err != nil {
				return fmt.Errorf("once more: %w", err)
			}
			return s.arrived(rig, 1)
		}),
		with("accepted and then cut is uncertain", func(ctx context.Context, rig *Rig) error {
			rig.Far.CutAfterAccept()
			if _, err := s.refused(ctx, rig.Sender, s.outgoing("a1"), tasks.Unknowable); err != nil {
				return err
			}
			return s.arrived(rig, 1)
		}),
		with("wrong credentials stop the channel", func(ctx context.Context, rig *Rig) error {
			if _, err := s.refused(ctx, rig.Stranger, s.outgoing("a1"), tasks.ChannelDown); err != nil {
				return err
			}
			err := rig.Stranger.Check(ctx)
			if outcome := tasks.AsSendError(err).Outcome; err == nil || outcome != tasks.ChannelDown {
				return fmt.Errorf("check: want channel-down, got %v", err)
			}
			return errors.Join(s.clean(err), s.arrived(rig, 0))
		}),
		with("a context that has ended sends nothing", func(ctx context.Context, rig *Rig) error {
			ended, cancel := context.WithCancel(ctx)
			cancel()
			if _, err := s.refused(ended, rig.Sender, s.outgoing("a1"), tasks.Transient); err != nil {
				return err
			}
			return s.arrived(rig, 0)
		}),
		with("a context that ends ends the exchange", func(ctx context.Context, rig *Rig) error {
			rig.Far.HangUp()
			short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
			defer cancel()
			began := time.Now()
			failed, err := s.refused(short, rig.Sender, s.outgoing("a1"), tasks.Unknowable)
			if err != nil {
				return err
			}
			if took := time.Since(began); took > 5*time.Second {
				return fmt.Errorf("it took %s to notice", took)
			}
			if !errors.Is(failed.Err, context.DeadlineExceeded) {
				return fmt.Errorf("want the context's error, got %v", failed.Err)
			}
			return nil
		}),
		with("many at once", func(ctx context.Context, rig *Rig) error {
			const many = 20
			errs := make([]error, many)
			var wg sync.WaitGroup
			for i := range many {
				wg.Go(func() { _, errs[i] = rig.Sender.Send(ctx, s.outgoing(fmt.Sprintf("b%d", i))) })
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				return err
			}
			return s.arrived(rig, many)
		}),
	}
}

// outgoing is a message that the far end accepts.
func (s Subject) outgoing(id string) tasks.Outgoing {
	text := suiteText
	if s.Markup != nil {
		text = s.Markup(text)
	}
	return tasks.Outgoing{
		ID:      id,
		At:      time.Date(2023, 6, 30, 7, 30, 0, 0, time.FixedZone("", 7*3600)),
		Kind:    tasks.Reminder,
		Address: s.Address,
		Subject: "Nhắc việc: 3 nhiệm vụ đến hạn",
		Text:    text,
	}
}

// refused sends a message that must fail with an outcome, and looks for secrets
// in the error.
func (s Subject) refused(ctx context.Context, sender Sender, out tasks.Outgoing, want tasks.Outcome) (*tasks.SendError, error) {
	receipt, err := sender.Send(ctx, out)
	if err == nil {
		return nil, fmt.Errorf("want %s, got the receipt %+v", want, receipt)
	}
	var failed *tasks.SendError
	if !errors.As(err, &failed) {
		return nil, fmt.Errorf("want a *tasks.SendError, got %T: %w", err, err)
	}
	if failed.Outcome != want {
		return nil, fmt.Errorf("want %s, got %w", want, err)
	}
	return failed, s.clean(err)
}

// clean says whether an error, and all that it wraps, is free of secrets.
func (s Subject) clean(err error) error {
	for e := err; e != nil; e = errors.Unwrap(e) {
		if leak := Leak(fmt.Sprintf("%s %q %+v %#v", e, e, e, e), s.Secrets...); leak != "" {
			return fmt.Errorf("the secret %s shows in an error of type %T", leak, e)
		}
	}
	return nil
}

// Leak returns the first secret that a text gives away, plain or encoded, or "".
func Leak(text string, secrets ...string) string {
	for _, secret := range secrets {
		for _, form := range []string{
			secret, url.QueryEscape(secret), url.PathEscape(secret),
			base64.RawStdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		} {
			if strings.Contains(text, form) {
				return secret
			}
		}
	}
	return ""
}

// arrived says whether the far end has so many messages, each whole.
func (s Subject) arrived(rig *Rig, want int) error {
	got := rig.Far.Accepted()
	if len(got) != want {
		return fmt.Errorf("want %d messages accepted, got %d", want, len(got))
	}
	for i, m := range got {
		text := strings.TrimRight(strings.ReplaceAll(m.Text, "\r\n", "\n"), "\n")
		if m.Address != s.Address || m.Channel != s.Channel || text != suiteText {
			return fmt.Errorf("message %d: want %q for %s, got %q for %s (%s)", i+1, suiteText, s.Address, text, m.Address, m.Channel)
		}
	}
	return nil
}
