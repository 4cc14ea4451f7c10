package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"nhacviec/notify"
	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// daemon plans and delivers: what serve runs by the wall clock and the demo by
// a simulated one.
type daemon struct {
	loop      *scheduler.Loop
	deliverer *scheduler.Deliverer
}

// newDaemon joins the loop and the deliverer over a store, and takes up what an
// earlier process left half sent. lanes say through what to send and how fast;
// now is the deliverer's clock.
func newDaemon(s scheduler.Setup, st *store.Store, lanes map[tasks.Channel]scheduler.Lane, now func() time.Time, log *slog.Logger) (*daemon, error) {
	boot := rand.Text()
	doubtful, err := st.Recover(boot, now())
	if err != nil {
		return nil, fmt.Errorf("take up what was being sent: %w", err)
	}
	for _, d := range doubtful {
		log.Warn("perhaps sent before the last end of the program", "id", d.ID, "unit", d.Unit, "channel", d.Channel, "state", d.State)
	}
	loop, err := scheduler.NewLoop(st, st, s, log)
	if err != nil {
		return nil, err
	}
	deliverer := &scheduler.Deliverer{
		Outbox:    st,
		Library:   st,
		Addresses: st,
		Compose:   notify.Compose,
		Setup:     loop.Setup,
		Now:       now,
		Log:       log,
		Boot:      boot,
		Failing:   loop.Failing,
	}
	deliverer.Use(lanes)
	loop.Planned = deliverer.Wake
	return &daemon{loop, deliverer}, nil
}

// channel is one way of sending, as package notify makes them.
type channel interface {
	scheduler.Sender
	// Check logs in, or asks who we are, without sending.
	Check(context.Context) error
	Close() error
}

// openChannels makes the channels that a config has. They touch no network yet.
func openChannels(c *Config, state notify.TokenStore) (map[tasks.Channel]channel, error) {
	open := map[tasks.Channel]channel{}
	var errs []error
	add := func(ch tasks.Channel, made channel, err error) {
		if err != nil {
			errs = append(errs, err)
			return
		}
		open[ch] = made
	}
	if c.Email != nil {
		made, err := notify.NewEmail(*c.Email)
		add(tasks.Email, made, err)
	}
	if c.Telegram != nil {
		made, err := notify.NewTelegram(*c.Telegram)
		add(tasks.Telegram, made, err)
	}
	if c.ZaloBot != nil {
		made, err := notify.NewZaloBot(*c.ZaloBot)
		add(tasks.ZaloBot, made, err)
	}
	if c.ZaloOA != nil {
		oa := *c.ZaloOA
		oa.State = state
		made, err := notify.NewZaloOA(oa)
		add(tasks.ZaloOA, made, err)
	}
	return open, errors.Join(errs...)
}
