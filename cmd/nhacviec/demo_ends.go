package main

import (
	"context"
	"errors"
	"strings"
	"sync"

	"nhacviec/notify"
	"nhacviec/notify/notifytest"
	"nhacviec/scheduler"
	"nhacviec/tasks"
)

// demoMailWorkers is how many mails are under way at once. Chats have one
// worker, see tracked.
const demoMailWorkers = 8

// As whom the demo sends. Its own servers believe it; nothing else ever hears.
const (
	demoToken  = "1:demo"
	demoApp    = "1"
	demoSender = "Nhắc việc <nhacviec@demo.invalid>"
)

// farEnds are the demo's own mail server and chat services, all on loopback.
// They keep what they accept by the delivery it belongs to.
type farEnds struct {
	smtp     *notifytest.SMTP
	telegram *notifytest.Telegram
	zaloBot  *notifytest.ZaloBot
	zaloOA   *notifytest.ZaloOA

	mu      sync.Mutex
	sending map[tasks.Channel]string // the delivery under way on a chat channel
	arrived map[string][]notifytest.Message
}

func startFarEnds() (*farEnds, error) {
	e := &farEnds{sending: map[tasks.Channel]string{}, arrived: map[string][]notifytest.Message{}}
	var err, failed error
	e.smtp, err = notifytest.StartSMTP(notifytest.SMTPSetup{OnAccept: e.accept})
	failed = errors.Join(failed, err)
	e.telegram, err = notifytest.StartTelegram(notifytest.TelegramSetup{Token: demoToken, OnAccept: e.accept})
	failed = errors.Join(failed, err)
	e.zaloBot, err = notifytest.StartZaloBot(notifytest.ZaloBotSetup{Token: demoToken, OnAccept: e.accept})
	failed = errors.Join(failed, err)
	e.zaloOA, err = notifytest.StartZaloOA(notifytest.ZaloOASetup{AppID: demoApp, AppSecret: demoToken, RefreshToken: demoToken, OnAccept: e.accept})
	if failed = errors.Join(failed, err); failed != nil {
		return nil, errors.Join(failed, e.Close())
	}
	return e, nil
}

// Close ends the servers that were started.
func (e *farEnds) Close() error {
	var errs []error
	if e.smtp != nil {
		errs = append(errs, e.smtp.Close())
	}
	if e.telegram != nil {
		errs = append(errs, e.telegram.Close())
	}
	if e.zaloBot != nil {
		errs = append(errs, e.zaloBot.Close())
	}
	if e.zaloOA != nil {
		errs = append(errs, e.zaloOA.Close())
	}
	return errors.Join(errs...)
}

// config returns a config with its channels pointed at these servers.
func (e *farEnds) config(c Config) Config {
	c.Email, c.Telegram, c.ZaloBot, c.ZaloOA = nil, nil, nil, nil
	secret := notify.NewSecret(demoToken)
	for _, ch := range c.Setup.Channels {
		switch ch {
		case tasks.Email:
			c.Email = &notify.EmailConfig{Host: e.smtp.Host(), Port: e.smtp.Port(), TLS: notify.NoTLS, From: demoSender, Connections: demoMailWorkers}
		case tasks.Telegram:
			c.Telegram = &notify.TelegramConfig{Token: secret, APIURL: e.telegram.URL()}
		case tasks.ZaloBot:
			c.ZaloBot = &notify.ZaloBotConfig{Token: secret, APIURL: e.zaloBot.URL()}
		case tasks.ZaloOA:
			c.ZaloOA = &notify.ZaloOAConfig{AppID: demoApp, AppSecret: secret, RefreshToken: secret, APIURL: e.zaloOA.URL(), OAuthURL: e.zaloOA.URL()}
		}
	}
	return c
}

func (e *farEnds) accept(m notifytest.Message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := e.sending[m.Channel]
	if m.Channel == tasks.Email { // the local part of the Message-ID is the delivery's id
		id, _, _ = strings.Cut(m.ID, "@")
	}
	e.arrived[id] = append(e.arrived[id], m)
}

// take returns the mail, or the parts of the chat message, that arrived for a
// delivery, and forgets them.
func (e *farEnds) take(id string) []notifytest.Message {
	e.mu.Lock()
	defer e.mu.Unlock()
	parts := e.arrived[id]
	delete(e.arrived, id)
	return parts
}

// tracked notes which delivery is under way: a chat message, unlike a mail,
// bears no id of ours. It serves lanes with one worker.
type tracked struct {
	scheduler.Sender
	channel tasks.Channel
	ends    *farEnds
}

// Send implements scheduler.Sender.
func (t tracked) Send(ctx context.Context, out tasks.Outgoing) (tasks.Receipt, error) {
	t.ends.mu.Lock()
	t.ends.sending[t.channel] = out.ID
	t.ends.mu.Unlock()
	return t.Sender.Send(ctx, out)
}

// lanes opens a lane for each channel, without a limit: the simulated day is
// shorter than a real minute.
func (e *farEnds) lanes(channels map[tasks.Channel]channel) map[tasks.Channel]scheduler.Lane {
	lanes := map[tasks.Channel]scheduler.Lane{}
	for ch, c := range channels {
		lanes[ch] = scheduler.Lane{Sender: tracked{c, ch, e}, Workers: 1}
		if ch == tasks.Email {
			lanes[ch] = scheduler.Lane{Sender: c, Workers: demoMailWorkers}
		}
	}
	return lanes
}
