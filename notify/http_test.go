package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// TestRedirectsAreNotFollowed: a token goes where the config says, and nowhere else.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusFound, http.StatusTemporaryRedirect} {
		var heard atomic.Int64
		trap := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard.Add(1) }))
		defer trap.Close()
		lure := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, trap.URL+r.URL.Path, status)
		}))
		defer lure.Close()
		bot, err := NewTelegram(TelegramConfig{Token: NewSecret(telegramKey), APIURL: lure.URL})
		if err != nil {
			t.Fatal(err)
		}
		_, err = bot.Send(t.Context(), tasks.Outgoing{Address: "42", Text: "x"})
		wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, telegramKey)
		if n := heard.Load(); n != 0 {
			t.Errorf("%d: the trap heard %d calls", status, n)
		}
	}
}

// TestAnswersAreBounded: an answer without end is cut off long before its sender
// or our time runs out.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	var said atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := io.WriteString(w, `{"ok":true,"result":"`)
		for chunk := strings.Repeat("x", 64<<10); err == nil && r.Context().Err() == nil; {
			said.Add(int64(n))
			n, err = io.WriteString(w, chunk)
		}
	}))
	defer server.Close()
	bot, err := NewTelegram(TelegramConfig{Token: NewSecret(telegramKey), APIURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = bot.Send(ctx, tasks.Outgoing{Address: "42", Text: "x"})
	wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, telegramKey)
	if ctx.Err() != nil || said.Load() > 32<<20 {
		t.Errorf("listened to %d bytes (%v)", said.Load(), ctx.Err())
	}
}

// TestEchoedSecrets: a far end that repeats a secret does not bring it out.
func TestEchoedSecrets(t *testing.T) {
	t.Parallel()
	echo := func(secret string) notifytest.Fault {
		return notifytest.Fault{Code: 400, Text: "you said " + secret}
	}
	telegram, bot := startTelegram(t, notifytest.TelegramSetup{})
	telegram.Inject(echo(telegramKey))
	_, err := bot.Send(t.Context(), tasks.Outgoing{Address: "42", Text: "x"})
	wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, telegramKey)

	zalo, zaloBot := startZaloBot(t, notifytest.ZaloBotSetup{})
	zalo.Inject(echo(telegramKey))
	_, err = zaloBot.Send(t.Context(), toGroup)
	wantFailure(t, err, tasks.SendError{Outcome: tasks.Permanent}, telegramKey)

	account, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
	if _, err := oa.Send(t.Context(), toGroup); err != nil {
		t.Fatal(err)
	}
	access, refresh := account.Tokens()
	for _, secret := range []string{appSecret, refreshToken, access, refresh} {
		account.Inject(echo(secret))
		_, err = oa.Send(t.Context(), toGroup)
		wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, secret)
	}
}

// TestEchoedLongTokens: a page that repeats a token, as long as Zalo's are, is
// cut to a length fit for a log; no part of the token is left at the cut.
func TestEchoedLongTokens(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("Ab3Zq", 50)
	key := "123456:" + strings.Repeat("Ab3Zq", 18)
	senders := map[string]func(api string, state *memory) (notifytest.Sender, error){
		"telegram": func(api string, _ *memory) (notifytest.Sender, error) {
			return NewTelegram(TelegramConfig{Token: NewSecret(key), APIURL: api})
		},
		"zalo bot": func(api string, _ *memory) (notifytest.Sender, error) {
			return NewZaloBot(ZaloBotConfig{Token: NewSecret(key), APIURL: api})
		},
		"zalo oa": func(api string, state *memory) (notifytest.Sender, error) {
			return NewZaloOA(ZaloOAConfig{AppID: "42", AppSecret: NewSecret(appSecret), RefreshToken: NewSecret(refreshToken), APIURL: api, OAuthURL: api, State: state})
		},
	}
	for name, open := range senders {
		for _, status := range []int{200, 401, 502} {
			t.Run(fmt.Sprintf("%s/%d", name, status), func(t *testing.T) {
				t.Parallel()
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.WriteHeader(status)
					for range 2 {
						_, _ = fmt.Fprintf(w, "Bad gateway. %s %s ", r.URL.Path, r.Header.Get("access_token"))
					}
				}))
				defer server.Close()
				now := time.Now()
				state, err := json.Marshal(zaloState{Seed: digest(refreshToken), Access: long, Refresh: "r", Obtained: now, Expires: now.Add(20 * time.Hour)})
				if err != nil {
					t.Fatal(err)
				}
				sender, err := open(server.URL, &memory{value: state})
				if err != nil {
					t.Fatal(err)
				}
				_, err = sender.Send(t.Context(), tasks.Outgoing{Address: "123456", Text: "x"})
				if outcome(err) != tasks.Transient || !strings.Contains(err.Error(), "Bad gateway.") || strings.Contains(err.Error(), "Ab3Zq") {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// TestEchoedTokenOfBefore: a far end repeats the access token that it was given,
// while another sender has already got a new one.
func TestEchoedTokenOfBefore(t *testing.T) {
	t.Parallel()
	server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
	if _, err := oa.Send(t.Context(), toGroup); err != nil {
		t.Fatal(err)
	}
	access, refresh := server.Tokens()
	for range 3 {
		server.ExpireAccess()
		if _, err := oa.Send(t.Context(), toGroup); err != nil {
			t.Fatal(err)
		}
	}
	server.Inject(notifytest.Fault{Status: 502, Body: "token " + access + " and " + refresh})
	_, err := oa.Send(t.Context(), toGroup)
	wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, access, refresh)
}

// TestZaloOASenderGivesUp: the sender whose turn it was to renew the tokens goes
// away between Zalo's rotation and its answer; the answer is not lost with it.
func TestZaloOASenderGivesUp(t *testing.T) {
	t.Parallel()
	server, _ := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
	rotated, answer := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kept := httptest.NewRecorder()
		server.ServeHTTP(kept, r)
		close(rotated)
		select {
		case <-answer:
		case <-r.Context().Done():
		}
		_, _ = w.Write(kept.Body.Bytes())
	}))
	defer slow.Close()
	config := zaloOAConfig(server, &memory{})
	config.OAuthURL = slow.URL
	oa, err := NewZaloOA(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := oa.Send(ctx, toGroup)
		gone <- err
	}()
	<-rotated
	cancel()
	wantFailure(t, <-gone, tasks.SendError{Outcome: tasks.Transient}, appSecret, refreshToken)
	close(answer)
	if err := oa.Close(); err != nil { // waits for the answer
		t.Fatal(err)
	}
	if _, err := oa.Send(t.Context(), toGroup); err != nil {
		t.Error(err)
	}
	if n := server.Rotations(); n != 1 {
		t.Errorf("want 1 rotation, got %d", n)
	}
}
