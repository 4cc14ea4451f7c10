package scheduler

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nhacviec/tasks"
)

// silentEnd answers nothing until it is cut off.
type silentEnd struct{}

func (silentEnd) Send(ctx context.Context, _ tasks.Outgoing) (tasks.Receipt, error) {
	<-ctx.Done()
	return tasks.Receipt{}, &tasks.SendError{Outcome: tasks.Unknowable, Err: fmt.Errorf("waiting for the answer to the mail: %w", ctx.Err())}
}

// TestStopCutsOff holds the ledger to say why an attempt ended that a stop did
// not wait for.
func TestStopCutsOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := begin(t, []Rule{rule(t, "r", daily, nil)}, task(1, "tu-phap", "trước ngày 30/6/2023"))
		defer w.store.Close()
		w.deliverer.Use(map[tasks.Channel]Lane{tasks.Email: {Sender: silentEnd{}}})
		for _, at := range []string{"2023-06-30 07:20", "2023-06-30 07:30"} {
			if _, err := w.loop.Pass(instant(at)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Until(instant("2023-06-30 07:31")))
		ctx, stop := context.WithCancel(t.Context())
		grace, kill := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			w.deliverer.Run(ctx, grace)
		}()
		synctest.Wait()
		stop()
		time.Sleep(30 * time.Second)
		kill()
		<-ended
		got := w.ledger()
		if !strings.Contains(got, "uncertain reminder tp@x.vn T-0 #1 the service was stopping and could wait no longer: waiting for the answer to the mail\n") || strings.Contains(got, "canceled") {
			t.Errorf("the ledger says %q", got)
		}
	})
}
