package main

import (
	"context"
	"sync"
	"time"
)

// tendEvery is how often the service looks after itself.
const tendEvery = time.Minute

// tend does what must not hold up planning and sending: the daily backups. It
// returns a function that waits for its end, after ctx has ended.
func (s *service) tend(ctx context.Context) (wait func()) {
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(tendEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				c := s.current()
				if now := time.Now().Round(0); s.clock.Believed(now) {
					s.backups.look(c.Backup, now.In(c.Location))
				}
			}
		}
	})
	return wg.Wait
}
