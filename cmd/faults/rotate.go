//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"nhacviec/notify/notifytest"
)

// rotateUnderKills kills the daemon while it trades its only refresh token for
// the next. Each message must arrive, or the office must hear within a minute
// that a person has to authorise the account again; other channels go on.
func rotateUnderKills(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	if res.skipped = canSetClocks(ctx, l); res.skipped != "" { // a day has to pass between two renewals
		return res, ctx.Err()
	}
	offices, rounds := l.scale(6, 1), l.scale(50, 3)
	results, errs := make([]rotation, offices), make([]error, offices)
	var waiting sync.WaitGroup
	for i := range offices {
		own := *l
		own.seed += uint64(i % l.scale(seeds, 1))
		waiting.Go(func() {
			results[i], errs[i] = own.rotate(ctx, fmt.Sprint("rotate-", i+1), rounds)
		})
	}
	waiting.Wait()
	var all rotation
	for i, r := range results {
		if errs[i] != nil {
			return res, errs[i]
		}
		res.add(fmt.Sprint("office ", i+1), r.result)
		all.dead += r.dead
		all.slowest = max(all.slowest, r.slowest)
	}
	res.note("%d kills around a renewal; %d times the token was lost with the answer, and each time the office knew, after %s at most",
		res.faults, all.dead, all.slowest.Round(100*time.Millisecond))
	return res, nil
}

// rotation is what came of one office.
type rotation struct {
	result
	dead    int           // chains that only a person could begin anew
	slowest time.Duration // from the start after a kill to the office's knowing
}

// The moments at which the daemon is killed.
const (
	whenAsked   = "asked"   // the request is there, nothing is spent
	whenRotated = "rotated" // the token is spent, the answer is not sent
	whenReplied = "replied" // the answer is on its way
	whenever    = "whenever"
)

// killer stands in front of the account's servers and kills who renews.
type killer struct {
	*httptest.Server
	account *notifytest.ZaloOA

	mu     sync.Mutex
	moment string
	delay  time.Duration
	victim *daemon
}

func (k *killer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/access_token") {
		k.account.ServeHTTP(w, r)
		return
	}
	k.mu.Lock()
	moment, victim := k.moment, k.victim
	k.moment = ""
	k.mu.Unlock()
	if moment == whenAsked {
		victim.kill()
		return
	}
	answer := httptest.NewRecorder()
	k.account.ServeHTTP(answer, r)
	if moment == whenRotated {
		victim.kill()
		return
	}
	_, _ = w.Write(answer.Body.Bytes())
	if moment == whenReplied {
		_ = http.NewResponseController(w).Flush()
		time.Sleep(k.delay)
		victim.kill()
	}
}

// start starts a daemon that its next renewal, or a while, will be the end of.
func (k *killer) start(ctx context.Context, o *office, moment string, delay time.Duration) (*daemon, error) {
	k.mu.Lock()
	defer k.mu.Unlock() // it may renew at once
	d, err := o.start(ctx, nil)
	if err != nil {
		return nil, err
	}
	k.moment, k.delay, k.victim = moment, delay, d
	if moment == whenever {
		time.AfterFunc(delay, d.kill)
	}
	return d, nil
}

// rotate lets one office live a day a round, and kills it in each.
func (l *lab) rotate(ctx context.Context, name string, rounds int) (res rotation, err error) {
	begun := date(hcm, "2027-02-01 08:00")
	k := &killer{}
	c, err := l.openClocked(ctx, name, life{zone: hcm, at: begun, more: func(o *office) (err error) {
		if k.account, err = o.addAccount(1); err != nil {
			return err
		}
		k.Server = httptest.NewServer(k)
		o.text = strings.NewReplacer("@account", k.URL, k.account.URL(), k.URL).Replace(o.text)
		return nil
	}}, &res.result)
	if k.Server != nil {
		defer k.Close()
		defer func() { err = errors.Join(err, k.account.Close()) }()
	}
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, c.ends.close()) }()
	d, err := c.begin(ctx)
	if err != nil {
		return res, err
	}
	if err := d.stop(); err != nil {
		return res, err
	}
	rng := l.random("G8 " + name)
	for round := 1; round <= rounds; round++ {
		// An access token lives for 25 hours: nothing can be sent before a renewal.
		if err := c.put(begun.Add(time.Duration(round) * 26 * time.Hour)); err != nil {
			return res, err
		}
		if err := c.rotateOnce(ctx, rng, k, round, &res); err != nil {
			return res, err
		}
	}
	return res, c.lookForTokens(ctx, &res.result)
}

// rotateOnce kills the daemon once while it renews, then lets it live until all
// of the day's messages are there or the office knows why not.
func (c *clocked) rotateOnce(ctx context.Context, rng *rand.Rand, k *killer, round int, res *rotation) error {
	moment := []string{whenAsked, whenRotated, whenReplied, whenReplied, whenever}[rng.IntN(5)]
	delay := time.Duration(rng.IntN(4000)) * time.Microsecond
	if moment == whenever {
		delay = time.Duration(rng.IntN(400)) * time.Millisecond
	}
	c.forget()
	d, err := k.start(ctx, c.office, moment, delay)
	if err != nil {
		return err
	}
	if _, err := d.wait(20 * time.Second); err != nil {
		d.kill()
		res.fail("round %d, %s: the daemon never renewed its token", round, moment)
	}
	c.newLife()
	res.faults++
	before := c.told()
	if err := c.put(c.now.Add(time.Minute)); err != nil { // a renewal under way elsewhere would be over
		return err
	}
	begun := time.Now()
	if d, err = c.start(ctx, nil); err != nil {
		return err
	}
	defer func() { d.kill() }()
	if err := d.ready(20 * time.Second); err != nil {
		return err
	}
	const limit = time.Minute
	lost := false
	for c.missing() > 0 && time.Since(begun) < limit {
		if lost = c.told() > before; lost && c.missing() == 1 {
			break
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	res.planned += len(c.expected)
	switch {
	case c.missing() > 1:
		res.fail("round %d, %s: %d messages of other channels are missing", round, moment, c.missing()-1)
	case c.missing() == 1 && !lost:
		res.lost++
		res.fail("round %d, %s: nothing came through Zalo for %s, and the office does not know", round, moment, limit)
	case c.missing() == 1:
		res.dead++
		res.slowest = max(res.slowest, time.Since(begun))
		if moment == whenAsked {
			res.fail("round %d: the token was never spent, and the office is asked to authorise again", round)
		}
		if err := c.authorize(ctx, k, round); err != nil {
			return err
		}
	}
	if n := c.missing(); n > 0 {
		res.fail("round %d, %s: after the authorisation %d messages are missing:\n%.3000s", round, moment, n, d.log.bytes())
	}
	res.delivered += len(c.expected) - c.missing()
	res.repeated += c.copies() - len(c.expected) + c.missing()
	return d.stop()
}

// authorize does what the office is asked for: a new token in the file, and a
// reload. What was tried just before waits for another quarter of an hour.
func (c *clocked) authorize(ctx context.Context, k *killer, round int) error {
	fresh := fmt.Sprintf("%s-%d", accountRefresh, round)
	k.account.Authorize(fresh)
	if err := os.WriteFile(filepath.Join(c.dir, "oa.refresh"), []byte(fresh), 0o600); err != nil {
		return err
	}
	for range 3 {
		if err := c.put(c.now.Add(20 * time.Minute)); err != nil {
			return err
		}
		if _, err := c.ask(ctx, "reload"); err != nil {
			return err
		}
		for begun := time.Now(); c.missing() > 0 && time.Since(begun) < 10*time.Second; {
			if err := pause(ctx, 10*time.Millisecond); err != nil {
				return err
			}
		}
		if c.missing() == 0 {
			break
		}
	}
	return nil
}
