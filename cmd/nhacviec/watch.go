package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"nhacviec/notify"
)

const (
	watchEvery   = time.Minute      // between two calls, at least
	watchTimeout = 10 * time.Second // of one call
	watchLogged  = time.Hour        // between two lines about calls that fail, at least
	watchReply   = 64 << 10         // bytes of a reply that are read
)

// watch calls the URL of somebody who raises an alarm when the calls stop.
type watch struct {
	url    func() notify.Secret // empty: nobody is called
	client *http.Client
	log    *slog.Logger
	now    func() time.Time
	well   chan struct{} // all is well

	called, logged time.Time
}

func newWatch(url func() notify.Secret, log *slog.Logger) *watch {
	return &watch{url: url, client: &http.Client{Timeout: watchTimeout}, log: log, now: time.Now, well: make(chan struct{}, 1)}
}

// allIsWell has the URL called. It never waits.
func (w *watch) allIsWell() {
	select {
	case w.well <- struct{}{}:
	default:
	}
}

// run calls until ctx ends.
func (w *watch) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.well:
			w.call(ctx)
		}
	}
}

// call calls the URL unless it was called just now. The log never has the URL.
func (w *watch) call(ctx context.Context) {
	to, now := w.url().Reveal(), w.now()
	if since := now.Sub(w.called); to == "" || since >= 0 && since < watchEvery {
		return
	}
	w.called = now
	err := w.get(ctx, to)
	if err == nil || ctx.Err() != nil {
		return
	}
	if since := now.Sub(w.logged); since < 0 || since >= watchLogged {
		w.logged = now
		w.log.Warn("the watch cannot be called; trying again every minute", "error", hideURL(err.Error(), to))
	}
}

// hideURL takes what is secret of a URL out of an answer that repeats it: all of
// it, and what stands behind the server's name.
func hideURL(text, to string) string {
	secrets := []string{to}
	if u, err := url.Parse(to); err == nil {
		secrets = append(secrets, u.RequestURI(), strings.Trim(u.Path, "/"), path.Base(u.Path))
	}
	for _, s := range secrets {
		if strings.Trim(s, "/.") != "" {
			text = notify.NewSecret(s).HideIn(text)
		}
	}
	return text
}

func (w *watch) get(ctx context.Context, to string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, to, nil)
	if err != nil {
		return errors.New("the address is malformed")
	}
	answer, err := w.client.Do(r)
	if err != nil {
		var with *url.Error // its text has the URL
		if errors.As(err, &with) {
			err = with.Err
		}
		return err
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answer.Body, watchReply)) // so that the connection can be used again
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("it answers %d", answer.StatusCode)
	}
	return nil
}
