package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"nhacviec/tasks"
)

// end settles a delivery.
func end(t testing.TB, s *Store, d tasks.Delivery, state tasks.DeliveryState) {
	t.Helper()
	d.State = state
	must(t, s.Put(d, now))
}

// What failed is not sent again while what followed it waits or was sent; what
// failed again is what is sent next; a second copy of what was sent is a
// person's own wish.
func TestResendFollowsTheChain(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	fails := fire(t, s, message("a", now))[0]
	end(t, s, fails, tasks.Failed)
	resend := func(id, want string) {
		t.Helper()
		d := get1[tasks.Delivery](t)(s.Resend(id, "an", now))
		equal(t, d.ID, fails.ID+want)
	}
	refused := func(id string, sentinel error, says string) {
		t.Helper()
		if _, err := s.Resend(id, "an", now); !errors.Is(err, sentinel) || !strings.Contains(err.Error(), says) {
			t.Errorf("resend %s: %v, want %v with %q", id, err, sentinel, says)
		}
	}
	again := func(n string) tasks.Delivery { return get1[tasks.Delivery](t)(s.Delivery(fails.ID + n)) }

	resend(fails.ID, "-2")
	refused(fails.ID, ErrWaiting, fails.ID+`-2, which is in the state "planned"`)
	equal(t, len(get1[map[string]tasks.Delivery](t)(s.ResendFailed([]string{fails.ID}, "an", now))), 0)
	d := again("-2")
	d.State = tasks.Sending
	must(t, s.Put(d, now))
	refused(fails.ID, ErrWaiting, `"sending"`)
	end(t, s, d, tasks.Failed)
	resend(fails.ID, "-3") // the last of them is what is sent again
	equal(t, len(get1[[]tasks.Delivery](t)(s.Failures())), 0)
	refused(fails.ID+"-2", ErrWaiting, fails.ID+"-3")
	end(t, s, again("-3"), tasks.Delivered)
	refused(fails.ID, ErrInvalid, "resend "+fails.ID+"-3` sends one more copy")
	refused(fails.ID+"-2", ErrInvalid, fails.ID+"-3")
	resend(fails.ID+"-3", "-4")
	refused(fails.ID+"-3", ErrWaiting, fails.ID+"-4")
	end(t, s, again("-4"), tasks.Delivered)
	resend(fails.ID+"-3", "-5")
}

// A copy that was dropped carries nothing: what failed can be sent when its time
// has come.
func TestResendAfterADrop(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	d := fire(t, s, message("a", now))[0]
	end(t, s, d, tasks.Failed)
	end(t, s, get1[tasks.Delivery](t)(s.Resend(d.ID, "an", now)), tasks.Dropped)
	equal(t, get1[tasks.Delivery](t)(s.Resend(d.ID, "an", now)).ID, d.ID+"-3")
}

// What went out by mail instead is not sent to the chat too.
func TestResendOfWhatWentByMail(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	chat := fire(t, s, message("a", now))[0]
	var mails []tasks.Delivery
	for _, address := range []string{"x@example.gov.vn", "y@example.gov.vn"} {
		m := chat.Message
		m.Address = address
		mail := tasks.NewDelivery(m, "cfg", now)
		mail.For = chat.ID
		mails, chat.Instead = append(mails, mail), append(chat.Instead, mail.ID)
	}
	chat.State, chat.Error = tasks.Failed, "bot was kicked"
	must(t, s.Divide([]tasks.Delivery{chat, mails[0], mails[1]}, now))
	failed := func() []string {
		var all []string
		for _, d := range get1[[]tasks.Delivery](t)(s.Outbox()) {
			if d.State == tasks.Failed {
				all = append(all, d.ID)
			}
		}
		got := []string{}
		for id := range get1[map[string]tasks.Delivery](t)(s.ResendFailed(all, "an", now)) {
			got = append(got, id)
		}
		slices.Sort(got)
		return got
	}
	equal(t, failed(), []string{})
	if _, err := s.Resend(chat.ID, "an", now); !errors.Is(err, ErrWaiting) || !strings.Contains(err.Error(), mails[0].ID) {
		t.Errorf("while the mail waits: %v", err)
	}
	end(t, s, mails[0], tasks.Failed)
	end(t, s, mails[1], tasks.Failed)
	if _, err := s.Resend(chat.ID, "an", now); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), mails[1].ID) {
		t.Errorf("when both mails failed: %v", err)
	}
	want := []string{mails[0].ID, mails[1].ID}
	slices.Sort(want)
	equal(t, failed(), want) // the chat's content goes by mail once more
	equal(t, failed(), []string{})
	end(t, s, get1[tasks.Delivery](t)(s.Delivery(mails[0].ID+"-2")), tasks.Delivered)
	end(t, s, get1[tasks.Delivery](t)(s.Delivery(mails[1].ID+"-2")), tasks.Failed)
	if _, err := s.Resend(chat.ID, "an", now); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), mails[0].ID+"-2, which was sent to x@") {
		t.Errorf("after a mail was sent: %v", err)
	}
	equal(t, failed(), []string{mails[1].ID + "-2"})
}

// Any number who ask at once give one copy.
func TestResendFailedAtOnce(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var ids []string
	for _, d := range fire(t, s, message("a", now), message("b", now), message("c", now)) {
		end(t, s, d, tasks.Failed)
		ids = append(ids, d.ID)
	}
	errs := make(chan error)
	for range 6 {
		go func() {
			_, err := s.ResendFailed(ids, "an", now)
			errs <- err
		}()
	}
	for range 6 {
		must(t, <-errs)
	}
	equal(t, len(ready(t, s, now.Add(time.Hour))), len(ids))
}
