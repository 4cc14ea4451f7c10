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

// tend does what must not hold up planning and sending: the daily backups, the
// watch, noticing what has not been sent, a store file that is gone or a disk
// that fills, and what channels do between messages. It returns a function that
// waits for its end, after ctx has ended.
func (s *service) tend(ctx context.Context) (wait func()) {
	var wg sync.WaitGroup
	each := func(every time.Duration, look func(now time.Time)) {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if now := time.Now().Round(0); s.clock.Believed(now) {
					look(now)
				}
			}
		}
	}
	wg.Go(func() { s.watch.run(ctx) })
	wg.Go(func() {
		each(tendEvery, func(now time.Time) {
			c := s.current()
			s.backups.look(c.Backup, now.In(c.Location))
		})
	})
	wg.Go(func() {
		each(tendEvery, func(now time.Time) {
			if err := s.listen(now); err != nil {
				s.log.Error("cannot tell what has been sent", "error", err)
			}
		})
	})
	wg.Go(func() { each(keepEvery, s.findOutages) })
	wg.Go(func() { each(tendEvery, func(now time.Time) { s.findRoom(now, diskRoom) }) })
	wg.Go(func() {
		tick := time.NewTicker(goneEvery)
		defer tick.Stop()
		for ctx.Err() == nil {
			s.gone.look(s.current().Backup.Dir, time.Now())
			select {
			case <-ctx.Done():
			case <-tick.C:
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
