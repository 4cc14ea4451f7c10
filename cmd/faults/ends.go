//go:build linux

package main

import (
	"errors"
	"time"

	"nhacviec/notify/notifytest"
)

// The secrets of the far ends. They must never be seen in what the program
// prints or stores.
const (
	telegramToken = "123456:CANARY-telegram_0123456789abcdefghij"
	zaloToken     = "654321:CANARY-zalo_0123456789abcdefghijklm"
)

// ends are the servers that a daemon of the harness sends to.
type ends struct {
	mail     *notifytest.SMTP
	telegram *notifytest.Telegram
	zalo     *notifytest.ZaloBot
}

// openEnds starts them; each tells the recorder what it accepts.
func openEnds(r *recorder) (*ends, error) {
	mail, err := notifytest.StartSMTP(notifytest.SMTPSetup{OnAccept: r.take})
	if err != nil {
		return nil, err
	}
	telegram, err := notifytest.StartTelegram(notifytest.TelegramSetup{Token: telegramToken, OnAccept: r.take})
	if err != nil {
		return nil, errors.Join(err, mail.Close())
	}
	zalo, err := notifytest.StartZaloBot(notifytest.ZaloBotSetup{Token: zaloToken, OnAccept: r.take})
	if err != nil {
		return nil, errors.Join(err, mail.Close(), telegram.Close())
	}
	return &ends{mail, telegram, zalo}, nil
}

func (e *ends) close() error {
	return errors.Join(e.mail.Close(), e.telegram.Close(), e.zalo.Close())
}

// setLatency makes every far end take so long over a message.
func (e *ends) setLatency(d time.Duration) {
	e.mail.SetLatency(d)
	e.telegram.SetLatency(d)
	e.zalo.SetLatency(d)
}

// busy counts the messages that were read and are not answered yet.
func (e *ends) busy() int { return e.mail.Busy() + e.telegram.Busy() + e.zalo.Busy() }
