package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

func TestZaloOARenewsOnce(t *testing.T) {
	t.Parallel()
	t.Run("a token refused in the middle of a rush", func(t *testing.T) {
		t.Parallel()
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
		for round := 1; round <= 3; round++ {
			server.OAuth.Inject(notifytest.Fault{Delay: 40 * time.Millisecond})
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if _, err := oa.Send(t.Context(), toGroup); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if n := server.Rotations(); n != round {
				t.Errorf("want %d rotations, got %d", round, n)
			}
			server.ExpireAccess()
		}
		if n := len(server.Accepted()); n != 150 {
			t.Errorf("want 150 messages, got %d", n)
		}
	})
	t.Run("a token that is always refused", func(t *testing.T) {
		t.Parallel()
		for _, code := range []int{-216, -220, -124} {
			server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
			no := notifytest.Fault{Code: code, Text: "Access token is invalid"}
			server.Inject(no, no, no, no)
			_, err := oa.Send(t.Context(), toGroup)
			wantFailure(t, err, tasks.SendError{Outcome: tasks.ChannelDown}, appSecret, refreshToken)
			if n := server.Rotations(); n != 2 {
				t.Errorf("%d: want 2 rotations, got %d", code, n)
			}
		}
	})
	t.Run("a restart does not", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		for range 3 {
			if _, err := oa.Send(t.Context(), toGroup); err != nil {
				t.Fatal(err)
			}
			oa = newZaloOA(t, server, state)
		}
		if n := server.Rotations(); n != 1 {
			t.Errorf("want 1 rotation, got %d", n)
		}
	})
}

// TestZaloOAStateComesFirst: the mark before the request, the pair before its use.
func TestZaloOAStateComesFirst(t *testing.T) {
	t.Parallel()
	state := &memory{}
	server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
	if _, err := oa.Send(t.Context(), toGroup); err != nil {
		t.Fatal(err)
	}
	access, refresh := server.Tokens()
	if len(state.history) != 3 {
		t.Fatalf("want 3 writes, got %q", state.history)
	}
	states := make([]zaloState, 3)
	for i, raw := range state.history {
		if err := json.Unmarshal([]byte(raw), &states[i]); err != nil {
			t.Fatal(err)
		}
	}
	if s := states[0]; s.Asked.IsZero() || s.Access != "" || s.Refresh != refreshToken {
		t.Errorf("before the request: %+v", s)
	}
	if s := states[1]; !strings.Contains(s.Answer, access) || s.Access != "" {
		t.Errorf("before the answer is read: %+v", s)
	}
	if s := states[2]; !s.Asked.IsZero() || s.Answer != "" || s.Access != access || s.Refresh != refresh || s.Expires.Sub(s.Obtained) != 25*time.Hour {
		t.Errorf("before the pair is used: %+v", s)
	}
}

// age makes the stored tokens older.
func (m *memory) age(t *testing.T, by time.Duration) {
	t.Helper()
	m.change(t, func(s *zaloState) {
		s.Obtained, s.Expires = s.Obtained.Add(-by), s.Expires.Add(-by)
		if !s.Asked.IsZero() {
			s.Asked = s.Asked.Add(-by)
		}
	})
}

func (m *memory) change(t *testing.T, f func(*zaloState)) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var s zaloState
	if err := json.Unmarshal(m.value, &s); err != nil {
		t.Fatal(err)
	}
	f(&s)
	m.value, _ = json.Marshal(s)
}

func TestZaloOAHalfLife(t *testing.T) {
	t.Parallel()
	send := func(t *testing.T, oa *ZaloOA) {
		t.Helper()
		if _, err := oa.Send(t.Context(), toGroup); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("renewed after half of its life", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		for _, c := range []struct {
			age       time.Duration
			rotations int
		}{{0, 1}, {12 * time.Hour, 1}, {time.Hour, 2}, {time.Hour, 2}, {30 * time.Hour, 3}} {
			if c.age > 0 {
				state.age(t, c.age)
			}
			send(t, oa)
			oa.tokens.wait() // it is renewed in the background
			if n := server.Rotations(); n != c.rotations {
				t.Fatalf("after %s: want %d rotations, got %d", c.age, c.rotations, n)
			}
		}
	})
	t.Run("used on while a person is called", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		send(t, oa)
		server.RevokeRefresh()
		state.age(t, 20*time.Hour)
		send(t, oa)
		err := oa.Check(t.Context())
		wantFailure(t, err, tasks.SendError{Outcome: tasks.ChannelDown}, appSecret, refreshToken)
		if err == nil || !strings.Contains(err.Error(), "a person must authorise the application again") {
			t.Errorf("got %v", err)
		}
		state.age(t, 10*time.Hour)
		_, err = oa.Send(t.Context(), toGroup)
		wantFailure(t, err, tasks.SendError{Outcome: tasks.ChannelDown}, appSecret, refreshToken)
	})
	t.Run("used on while OAuth is away", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		send(t, oa)
		state.age(t, 20*time.Hour)
		server.OAuth.Inject(notifytest.BadGateway)
		send(t, oa)
		send(t, oa) // does not ask again at once
		if n := server.Rotations(); n != 1 {
			t.Errorf("want 1 rotation, got %d", n)
		}
	})
}

// TestZaloOAKeep: the access is looked after although nothing is to be sent, and
// a person hears of trouble while messages still go out.
func TestZaloOAKeep(t *testing.T) {
	t.Parallel()
	send := func(t *testing.T, oa *ZaloOA) {
		t.Helper()
		if _, err := oa.Send(t.Context(), toGroup); err != nil {
			t.Fatal(err)
		}
	}
	well := func(t *testing.T, oa *ZaloOA) {
		t.Helper()
		if err := oa.Trouble(); err != nil {
			t.Fatalf("want no trouble, got %v", err)
		}
	}
	t.Run("renews at half life, and only then", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{ExpiresIn: 3600}, state)
		for i, c := range []struct {
			age       time.Duration
			rotations int
		}{{0, 1}, {29 * time.Minute, 1}, {2 * time.Minute, 2}, {29 * time.Minute, 2}, {10 * time.Hour, 3},
			{-10 * time.Second, 3}, {-48 * time.Hour, 4}} { // the last: the clock was put back
			if i > 0 {
				state.age(t, c.age)
			}
			oa.Keep(t.Context())
			oa.Keep(t.Context())
			if n := server.Rotations(); n != c.rotations {
				t.Fatalf("step %d: want %d rotations, got %d", i, c.rotations, n)
			}
			well(t, oa)
		}
		if n := len(server.Accepted()); n != 0 {
			t.Errorf("%d messages", n)
		}
	})
	t.Run("the refresh token is dead, the access token lives", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		oa.Keep(t.Context())
		server.RevokeRefresh()
		state.age(t, 13*time.Hour)
		well(t, oa)
		oa.Keep(t.Context())
		for range 2 { // and again after a restart, before anything is asked
			send(t, oa)
			err := oa.Trouble()
			wantFailure(t, err, tasks.SendError{Outcome: tasks.ChannelDown}, appSecret, refreshToken)
			if !errors.Is(err, ErrReauthorize) {
				t.Errorf("got %v", err)
			}
			oa = newZaloOA(t, server, state)
		}
		// A person authorises the application again and hands in the token.
		server.Authorize("CANARY-fresh-token")
		config := zaloOAConfig(server, state)
		config.RefreshToken = NewSecret("CANARY-fresh-token")
		again, err := NewZaloOA(config)
		if err != nil {
			t.Fatal(err)
		}
		well(t, again)
		again.Keep(t.Context())
		well(t, again)
		send(t, again)
		if n := server.Rotations(); n != 2 {
			t.Errorf("want 2 rotations, got %d", n)
		}
	})
	t.Run("the answer was lost", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		oa.Keep(t.Context())
		state.age(t, 13*time.Hour)
		server.OAuth.Inject(notifytest.Fault{Take: true, Reset: true})
		oa.Keep(t.Context())
		well(t, oa) // nobody knows yet
		oa.tokens.rest = time.Now()
		oa.Keep(t.Context())
		if err := oa.Trouble(); !errors.Is(err, ErrReauthorize) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("the application's own data are wrong", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		oa.Keep(t.Context())
		state.age(t, 13*time.Hour)
		server.OAuth.Inject(notifytest.Fault{Code: -14004, Text: "Invalid secret key"})
		oa.Keep(t.Context())
		send(t, oa)
		err := oa.Trouble()
		wantFailure(t, err, tasks.SendError{Outcome: tasks.ChannelDown}, appSecret, refreshToken)
		oa.tokens.rest = time.Now()
		oa.Keep(t.Context())
		well(t, oa)
	})
	t.Run("OAuth is away", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		oa.Keep(t.Context())
		state.age(t, 13*time.Hour)
		away := notifytest.BadGateway
		server.OAuth.Inject(away, away)
		for range 3 { // of which one asks
			oa.Keep(t.Context())
		}
		well(t, oa)
		oa.tokens.failing = time.Now().Add(-renewalPatience)
		err := oa.Trouble()
		wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, appSecret, refreshToken)
		if err == nil || !strings.Contains(err.Error(), "none of Zalo's") {
			t.Errorf("got %v", err)
		}
		for range 2 {
			oa.tokens.rest = time.Now()
			oa.Keep(t.Context())
		}
		well(t, oa)
	})
	t.Run("senders do not wait for it", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		oa.Keep(t.Context())
		state.age(t, 13*time.Hour)
		server.OAuth.Inject(notifytest.Fault{Delay: 300 * time.Millisecond})
		began := time.Now()
		for range 3 {
			send(t, oa)
		}
		if took := time.Since(began); took >= 300*time.Millisecond {
			t.Errorf("three messages took %s", took)
		}
		oa.tokens.wait()
		send(t, oa) // the renewal has ended the token before
		if n := server.Rotations(); n != 2 {
			t.Errorf("want 2 rotations, got %d", n)
		}
	})
	t.Run("the record is damaged", func(t *testing.T) {
		t.Parallel()
		_, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{value: []byte(`{"refresh":"` + refreshToken)})
		oa.Keep(t.Context())
		wantFailure(t, oa.Trouble(), tasks.SendError{Outcome: tasks.ChannelDown}, appSecret, refreshToken)
	})
	t.Run("closed", func(t *testing.T) {
		t.Parallel()
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
		if err := oa.Close(); err != nil {
			t.Fatal(err)
		}
		oa.Keep(t.Context())
		if n := server.Rotations(); n != 0 {
			t.Errorf("renewed for nobody: %d rotations", n)
		}
	})
}

// TestZaloOACrashes cuts the process off at each point of a renewal.
func TestZaloOACrashes(t *testing.T) {
	t.Parallel()
	dead := "the refresh token is no longer accepted by Zalo"
	t.Run("before the request left", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, _ := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		state.value, _ = json.Marshal(zaloState{Seed: digest(refreshToken), Refresh: refreshToken, Asked: time.Now().Add(-time.Minute)})
		if _, err := newZaloOA(t, server, state).Send(t.Context(), toGroup); err != nil {
			t.Error(err)
		}
	})
	t.Run("just now, or another process is at it", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, _ := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		state.value, _ = json.Marshal(zaloState{Seed: digest(refreshToken), Refresh: refreshToken, Asked: time.Now()})
		_, err := newZaloOA(t, server, state).Send(t.Context(), toGroup)
		if got := tasks.AsSendError(err); err == nil || got.Outcome != tasks.Transient || got.RetryAfter <= 0 || got.RetryAfter > callTimeout {
			t.Errorf("want to wait for it, got %v", err)
		}
		if n := server.Rotations(); n != 0 {
			t.Errorf("want 0 rotations, got %d", n)
		}
	})
	t.Run("the answer was lost", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		server.OAuth.Inject(notifytest.Fault{Take: true, Reset: true})
		_, err := oa.Send(t.Context(), toGroup)
		wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, appSecret, refreshToken)
		for range 2 { // a person is called, and Zalo not asked again and again
			_, err = oa.Send(t.Context(), toGroup)
			wantFailure(t, err, tasks.SendError{Outcome: tasks.ChannelDown}, appSecret, refreshToken)
			if err == nil || !strings.Contains(err.Error(), dead+" (last sent ") {
				t.Errorf("got %v", err)
			}
			oa = newZaloOA(t, server, state)
		}
		server.Authorize("CANARY-fresh-token")
		config := zaloOAConfig(server, state)
		config.RefreshToken = NewSecret("CANARY-fresh-token")
		again, err := NewZaloOA(config)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := again.Send(t.Context(), toGroup); err != nil {
			t.Errorf("after a new authorisation: %v", err)
		}
	})
	t.Run("after the answer was stored", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		if _, err := oa.Send(t.Context(), toGroup); err != nil {
			t.Fatal(err)
		}
		state.value = []byte(state.history[1])
		if _, err := newZaloOA(t, server, state).Send(t.Context(), toGroup); err != nil {
			t.Error(err)
		}
		if n := server.Rotations(); n != 1 {
			t.Errorf("want 1 rotation, got %d", n)
		}
	})
	t.Run("the disk was full before the request", func(t *testing.T) {
		t.Parallel()
		state := &memory{fail: 1}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		_, err := oa.Send(t.Context(), toGroup)
		wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, appSecret, refreshToken)
		if n := server.Rotations(); n != 0 {
			t.Errorf("spent the token without a mark: %d rotations", n)
		}
		if _, err := oa.Send(t.Context(), toGroup); err != nil {
			t.Error(err)
		}
	})
	t.Run("the disk was full when the answer came", func(t *testing.T) {
		t.Parallel()
		state := &memory{}
		server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		server.OAuth.Inject(notifytest.Fault{Delay: 50 * time.Millisecond})
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := oa.Send(t.Context(), toGroup)
			wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, appSecret, refreshToken)
		})
		state.failAfter(1, 3)
		wg.Wait()
		if len(server.Accepted()) != 0 {
			t.Error("used a pair that is not stored")
		}
		_, err := oa.Send(t.Context(), toGroup) // the disk is full still
		wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, appSecret, refreshToken)
		if _, err := oa.Send(t.Context(), toGroup); err != nil {
			t.Errorf("when there is room again: %v", err)
		}
		if n := server.Rotations(); n != 1 {
			t.Errorf("want 1 rotation, got %d", n)
		}
	})
	t.Run("the record is damaged", func(t *testing.T) {
		t.Parallel()
		state := &memory{value: []byte(`{"refresh":"` + refreshToken)}
		_, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
		_, err := oa.Send(t.Context(), toGroup)
		wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, appSecret, refreshToken)
	})
}

// TestZaloOAKilledWhileRenewing: a process that ends at any point of a renewal
// leaves a state from which the next one either goes on or calls a person.
func TestZaloOAKilledWhileRenewing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		writes  int  // that were made
		granted bool // Zalo had traded the token
		well    bool
	}{
		{"before the mark", 0, false, true},
		{"after the mark, before the request", 1, false, true},
		{"after the request, before its answer is stored", 1, true, false},
		{"after the answer is stored", 2, true, true},
		{"after the pair is stored", 3, true, true},
	} {
		for _, first := range []bool{true, false} { // the first renewal ever, or one at half life
			t.Run(fmt.Sprintf("%s/first %v", c.name, first), func(t *testing.T) {
				t.Parallel()
				state := &memory{}
				server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
				if !first {
					oa.Keep(t.Context())
					state.age(t, 13*time.Hour)
				}
				before := state.value
				state.history = nil
				if c.granted {
					oa.Keep(t.Context())
				} else {
					server.OAuth.Inject(notifytest.Fault{Reset: true}) // it never came to Zalo
					oa.Keep(t.Context())
				}
				state.value = before
				if c.writes > 0 {
					state.value = []byte(state.history[c.writes-1])
					state.age(t, time.Minute) // and the next process starts
				}
				next := newZaloOA(t, server, state)
				next.Keep(t.Context())
				err := next.Trouble()
				if c.well != (err == nil) || err != nil && !errors.Is(err, ErrReauthorize) {
					t.Fatalf("trouble: %v", err)
				}
				_, err = next.Send(t.Context(), toGroup)
				if c.well && err != nil || !c.well && outcome(err) != tasks.ChannelDown {
					t.Errorf("sending: %v", err)
				}
			})
		}
	}
}

// TestZaloOAOAuthAnswers: what the OAuth server may say to a renewal.
func TestZaloOAOAuthAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want tasks.Outcome
	}{
		"dead":                  {`{"error":-14014,"error_name":"Invalid refresh token"}`, tasks.ChannelDown},
		"dead, in words only":   {`{"error_name":"Invalid refresh token.","error_description":"Invalid refresh token."}`, tasks.ChannelDown},
		"wrong secret":          {`{"error":-14004,"error_name":"Invalid secret key"}`, tasks.ChannelDown},
		"wrong app":             {`{"error":"-14002","error_name":"Invalid appId"}`, tasks.ChannelDown},
		"an object of nothing":  {`{}`, tasks.Transient},
		"half of a pair":        {`{"access_token":"CANARY-half`, tasks.Transient},
		"without refresh token": {`{"access_token":"CANARY-lone","expires_in":3600}`, tasks.ChannelDown}, // and the fake knows no such token
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			state := &memory{}
			server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, state)
			server.OAuth.Inject(notifytest.Fault{Status: 200, Body: c.body})
			if name == "without refresh token" {
				no := notifytest.Fault{Status: 200, Body: `{"error":-14004,"error_name":"stop here"}`}
				server.OAuth.Inject(no)
			}
			_, err := oa.Send(t.Context(), toGroup)
			wantFailure(t, err, tasks.SendError{Outcome: c.want}, appSecret, refreshToken, "CANARY-half", "CANARY-lone")
			if !strings.Contains(string(state.value), refreshToken) {
				t.Error("the refresh token was thrown away")
			}
		})
	}
}
