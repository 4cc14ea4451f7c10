package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"nhacviec/tasks"
)

// TokenStore keeps a channel's state. What SetChannelState returned from is
// there after a crash; ChannelState of what was never set is nil.
type TokenStore interface {
	ChannelState(ch tasks.Channel, key string) ([]byte, error)
	SetChannelState(ch tasks.Channel, key string, value []byte) error
}

const (
	zaloTokenKey    = "tokens"
	renewalPause    = time.Minute      // between attempts while the old access token is still good
	renewalPatience = 30 * time.Minute // of attempts without an answer before a person is called
	leastLifetime   = time.Hour        // of an access token that does not say
)

// ErrReauthorize is in the error of a channel whose access a person must grant
// anew, and hand in by the config.
var ErrReauthorize = errors.New("the refresh token is no longer accepted by Zalo")

// zaloState is what is kept of a chain of tokens. Zalo gives a new pair for each
// refresh token, once: a token that was sent and whose answer was lost is gone.
// So the state is written before each step that cannot be taken back.
type zaloState struct {
	Seed     string    `json:"seed"` // digest of the configured token that began the chain
	Access   string    `json:"access,omitempty"`
	Refresh  string    `json:"refresh"`
	Obtained time.Time `json:"obtained,omitzero"`
	Expires  time.Time `json:"expires,omitzero"`
	Asked    time.Time `json:"asked,omitzero"`   // Refresh was sent at this time and is perhaps spent
	Answer   string    `json:"answer,omitempty"` // to it, as it came
	Dead     bool      `json:"dead,omitempty"`   // Zalo no longer takes Refresh
}

// zaloTokens hands out access tokens and renews them.
type zaloTokens struct {
	config ZaloOAConfig
	url    string
	calls  *caller

	mu      sync.Mutex
	state   zaloState        // as stored, unless unsaved
	unsaved bool             // the store failed with an answer that exists nowhere else
	renewal *renewal         // under way
	closed  bool             // begin no other
	failure *tasks.SendError // of the last renewal
	failing time.Time        // since the first of the renewals that came to nothing
	rest    time.Time        // no other renewal before, while the access token is good
	asked   time.Time        // the last Asked that was written here
	known   []string         // the tokens of late, to be kept out of every error
}

// renewal is one attempt at a new pair, which everybody waits for.
type renewal struct {
	done chan struct{}
	err  *tasks.SendError // set before done is closed
}

func newZaloTokens(c ZaloOAConfig, url string, calls *caller) *zaloTokens {
	return &zaloTokens{config: c, url: url, calls: calls}
}

// access returns an access token other than refused. Past half of its life it
// is renewed in the background, and goes on being used while it lives should
// that fail: the other half is for a person to notice.
func (z *zaloTokens) access(ctx context.Context, refused string) (string, *tasks.SendError) {
	if err := ctx.Err(); err != nil {
		return "", &tasks.SendError{Outcome: tasks.Transient, Err: err}
	}
	z.mu.Lock()
	if err := z.load(); err != nil {
		z.mu.Unlock()
		return "", &tasks.SendError{Outcome: tasks.Transient, Err: err}
	}
	now := time.Now()
	token := z.state.Access
	usable := token != "" && token != refused && now.Before(z.state.Expires) && z.state.Answer == ""
	var r *renewal
	if !usable || z.ripe(now) {
		r = z.begin(ctx)
	}
	z.mu.Unlock()
	if usable {
		return token, nil
	}
	if failed := r.wait(ctx); failed != nil {
		return "", failed
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.state.Access, nil
}

// keep renews the tokens if it is time, whether or not there is anything to
// send: a chain that nobody uses must not die of age, and a person must hear of
// a broken one while messages still go out. It returns when that is done or ctx
// ends.
func (z *zaloTokens) keep(ctx context.Context) {
	z.mu.Lock()
	if z.load() != nil || !z.ripe(time.Now()) { // trouble tells of a store that cannot be read
		z.mu.Unlock()
		return
	}
	r := z.begin(ctx)
	z.mu.Unlock()
	_ = r.wait(ctx)
}

// ripe reports whether the tokens should be renewed although nothing waits for
// that.
func (z *zaloTokens) ripe(now time.Time) bool {
	return !z.state.Dead && (z.state.due(now) || z.state.Answer != "") && !now.Before(z.rest)
}

// begin starts a renewal, or joins the one that is under way.
func (z *zaloTokens) begin(ctx context.Context) *renewal {
	if z.renewal != nil {
		return z.renewal
	}
	r := &renewal{done: make(chan struct{})}
	if z.closed {
		r.err = &tasks.SendError{Outcome: tasks.Transient, Err: errors.New("the channel is closed")}
		close(r.done)
		return r
	}
	z.renewal = r
	// Not bound to this caller's context: should it end, the answer would be
	// lost, and the refresh token with it.
	go z.renew(context.WithoutCancel(ctx), r)
	return r
}

// wait returns what became of a renewal, in a copy for each that waits.
func (r *renewal) wait(ctx context.Context) *tasks.SendError {
	select {
	case <-r.done:
	case <-ctx.Done():
		return &tasks.SendError{Outcome: tasks.Transient, Err: fmt.Errorf("waiting for a new access token: %w", ctx.Err())}
	}
	if r.err == nil {
		return nil
	}
	failed := *r.err
	return &failed
}

// due reports whether half of the access token's life is over, or has not begun:
// then the clock was wrong when it was obtained.
func (s zaloState) due(now time.Time) bool {
	age := now.Sub(s.Obtained)
	return age < -renewalPause || age >= s.Expires.Sub(s.Obtained)/2
}

// load reads the state anew: at a reload, two channels share it for a moment. A
// refresh token in the config that the chain did not begin with is a new
// authorisation, and begins a new one.
func (z *zaloTokens) load() error {
	if z.unsaved {
		return nil
	}
	raw, err := z.config.State.ChannelState(tasks.ZaloOA, zaloTokenKey)
	if err != nil {
		return fmt.Errorf("reading the tokens: %w", err)
	}
	var state zaloState
	if raw != nil {
		if err := json.Unmarshal(raw, &state); err != nil {
			return fmt.Errorf("reading the tokens: the record is damaged (%d bytes)", len(raw))
		}
	}
	if seed := digest(z.config.RefreshToken.Reveal()); state.Seed != seed {
		state = zaloState{Seed: seed, Refresh: z.config.RefreshToken.Reveal()}
	}
	z.use(state)
	return nil
}

// use makes a state the one in use.
func (z *zaloTokens) use(state zaloState) {
	z.state = state
	for _, token := range []string{state.Access, state.Refresh} {
		if token != "" && !slices.Contains(z.known, token) {
			z.known = append(z.known, token)
		}
	}
	const most = 20 // ten pairs: who repeats one that is older was not asked with it
	z.known = z.known[max(len(z.known)-most, 0):]
}

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:8])
}

// save makes a state durable, and only then the one in use.
func (z *zaloTokens) save(state zaloState) error {
	raw, err := json.Marshal(state)
	if err == nil {
		err = z.config.State.SetChannelState(tasks.ZaloOA, zaloTokenKey, raw)
	}
	if err != nil {
		return fmt.Errorf("saving the tokens: %w", err)
	}
	z.use(state)
	z.unsaved = false
	return nil
}

// renew trades the refresh token for a new pair.
func (z *zaloTokens) renew(ctx context.Context, r *renewal) {
	err := z.trade(ctx)
	z.mu.Lock()
	defer z.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil:
		z.failing, z.rest = time.Time{}, time.Time{}
	case z.failure == nil:
		z.failing = now
		fallthrough
	default:
		z.rest = now.Add(cmp.Or(err.RetryAfter, renewalPause))
	}
	r.err, z.failure, z.renewal = err, err, nil
	close(r.done)
}

func (z *zaloTokens) trade(ctx context.Context) *tasks.SendError {
	form, failed := z.ask()
	if failed != nil || form == "" {
		return failed
	}
	a, err := z.calls.post(ctx, z.url, "application/x-www-form-urlencoded", []byte(form), map[string]string{"secret_key": z.config.AppSecret.Reveal()})
	z.mu.Lock()
	defer z.mu.Unlock()
	state := z.state
	if err != nil || len(a.body) == 0 {
		failed = &tasks.SendError{Outcome: tasks.Transient, RetryAfter: headerWait(a.header), Unreached: true, Err: fmt.Errorf("renewing the access token: %w", answerless(a, err))}
		if !a.written { // then it is not spent
			state.Asked = time.Time{}
			_ = z.save(state)
		}
		return failed
	}
	state.Answer = string(a.body)
	if err := z.save(state); err != nil {
		z.state, z.unsaved = state, true // adopt saves what it says, or the next renewal does
	}
	return z.adopt()
}

// ask leaves a mark that the refresh token is about to be spent, and returns
// the request that spends it; "" with no error if there was an answer already.
func (z *zaloTokens) ask() (string, *tasks.SendError) {
	z.mu.Lock()
	defer z.mu.Unlock()
	now := time.Now().UTC().Round(0)
	if z.state.Answer != "" { // it came, and could not be read or saved
		return "", z.adopt()
	}
	if z.state.Dead {
		return "", z.dead()
	}
	if since := now.Sub(z.state.Asked); since >= 0 && since < callTimeout && !z.state.Asked.Equal(z.asked) {
		return "", &tasks.SendError{Outcome: tasks.Transient, RetryAfter: callTimeout - since, Err: errors.New("another process, or this one before it ended, is just renewing the access token")}
	}
	state := z.state
	state.Asked, z.asked = now, now
	if err := z.save(state); err != nil {
		return "", &tasks.SendError{Outcome: tasks.Transient, Err: err}
	}
	return url.Values{
		"grant_type":    {"refresh_token"},
		"app_id":        {z.config.AppID},
		"refresh_token": {state.Refresh},
	}.Encode(), nil
}

// answerless describes a call that got no answer. The body is never shown: it
// may hold half of a new token.
func answerless(a answer, err error) error {
	switch {
	case err != nil && a.status != 0:
		return fmt.Errorf("HTTP %d, then: %w", a.status, err)
	case err != nil:
		return err
	}
	return fmt.Errorf("HTTP %d with an answer that is none of this service's (%d bytes)", a.status, len(a.body))
}

// adopt reads the answer in the state and makes what it says durable before
// anybody uses it.
func (z *zaloTokens) adopt() *tasks.SendError {
	var reply struct {
		Access  string   `json:"access_token"`
		Refresh string   `json:"refresh_token"`
		Expires zaloCode `json:"expires_in"`
		Error   zaloCode `json:"error"`
		Name    string   `json:"error_name"`
		Text    string   `json:"error_description"`
	}
	state := z.state
	raw := []byte(state.Answer)
	state.Answer = ""
	var failed *tasks.SendError
	switch err := json.Unmarshal(raw, &reply); {
	case err == nil && reply.Access != "":
		life := time.Duration(reply.Expires) * time.Second
		if life <= 0 {
			life = leastLifetime
		}
		state.Access, state.Obtained, state.Expires = reply.Access, state.Asked, state.Asked.Add(life)
		state.Asked = time.Time{}
		if reply.Refresh != "" {
			state.Refresh = reply.Refresh
		}
	case err == nil && (reply.Error == -14014 || strings.Contains(strings.ToLower(reply.Name+" "+reply.Text), "refresh token")):
		state.Dead = true
	case err == nil && (reply.Error != 0 || reply.Name != ""): // the application's own data are wrong
		state.Asked = time.Time{}
		failed = &tasks.SendError{Outcome: tasks.ChannelDown, Err: fmt.Errorf("renewing the access token: %w",
			&zaloRefusal{int(reply.Error), strings.TrimSpace(reply.Name + " " + reply.Text)})}
	default: // perhaps spent: the next attempt will tell
		failed = &tasks.SendError{Outcome: tasks.Transient, Unreached: true, Err: fmt.Errorf("renewing the access token: an answer that is none of Zalo's (%d bytes)", len(raw))}
	}
	if err := z.save(state); err != nil {
		return &tasks.SendError{Outcome: tasks.Transient, Err: err}
	}
	if state.Dead {
		return z.dead()
	}
	return failed
}

// dead is the error of a chain that only a person can begin anew.
func (z *zaloTokens) dead() *tasks.SendError {
	asked := ""
	if !z.state.Asked.IsZero() {
		asked = fmt.Sprintf(" (last sent %s)", z.state.Asked.Format("02/01/2006 15:04:05"))
	}
	return &tasks.SendError{Outcome: tasks.ChannelDown, Err: fmt.Errorf("%w%s; "+
		"a person must authorise the application again in Zalo's developer console, put the new token into refresh_token_file and reload", ErrReauthorize, asked)}
}

// trouble is what a person must know although messages may still go out, or
// nil.
func (z *zaloTokens) trouble() *tasks.SendError {
	z.mu.Lock()
	defer z.mu.Unlock()
	if err := z.load(); err != nil {
		return &tasks.SendError{Outcome: tasks.ChannelDown, Err: err}
	}
	switch {
	case z.state.Dead:
		return z.dead()
	case z.failure != nil && (z.failure.Outcome == tasks.ChannelDown || time.Since(z.failing) >= renewalPatience):
		failed := *z.failure
		return &failed
	}
	return nil
}

// wait returns when no renewal is under way.
func (z *zaloTokens) wait() {
	z.mu.Lock()
	r := z.renewal
	z.mu.Unlock()
	if r != nil {
		<-r.done
	}
}

// close lets no other renewal begin, and waits for the one that is under way:
// its answer comes only once.
func (z *zaloTokens) close() {
	z.mu.Lock()
	z.closed = true
	z.mu.Unlock()
	z.wait()
}

// hide knows every token of the moment, and those just before: a call may still
// be under way with one.
func (z *zaloTokens) hide() redactor {
	z.mu.Lock()
	defer z.mu.Unlock()
	return newRedactor(append([]string{z.config.AppSecret.Reveal(), z.config.RefreshToken.Reveal()}, z.known...)...)
}
