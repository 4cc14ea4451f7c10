package main

import (
	"context"
	"sync"
	"time"

	"nhacviec/tasks"
)

// tendEvery is how often the service looks after itself.
const tendEvery = time.Minute

// keepEvery is how often the channels look after themselves: a person is to
// hear within a minute that one needs him.
const keepEvery = 20 * time.Second

// tend does what must not hold up planning and sending: the daily backups, and
// what channels do between messages. It returns a function that waits for its
// end, after ctx has ended.
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
	wg.Go(func() {
		tick := time.NewTicker(keepEvery)
		defer tick.Stop()
		for told := map[tasks.Channel]string{}; ctx.Err() == nil; {
			s.keepChannels(ctx, told)
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	})
	return wg.Wait
}
