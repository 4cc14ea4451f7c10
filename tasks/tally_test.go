package tasks

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTallyAndLate(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("+07", 7*3600)
	at := func(day, hour, minute int) time.Time { return time.Date(2023, 6, day, hour, minute, 0, 0, zone) }
	row := func(ch Channel, state DeliveryState, created time.Time) Delivery {
		return Delivery{Message: Message{At: created, Recipient: Recipient{Channel: ch}}, State: state, Created: created.UTC()}
	}
	told := row(Email, Retry, at(5, 7, 30))
	told.Told = true
	tried := row(Telegram, Retry, at(5, 7, 30)) // of its own accord; its next try is not late
	tried.NextAttempt = at(5, 7, 46)
	rows := []Delivery{
		row(Email, Planned, at(5, 7, 30)),
		row(Email, Sending, at(5, 7, 45)),
		row(Email, Retry, at(5, 7, 46)), // not late yet
		tried,
		told,
		row(Telegram, Planned, at(4, 7, 30)), // of yesterday: its channel is gone
		row(Email, Failed, at(5, 7, 30)),
		row(Email, Failed, at(4, 7, 30)), // of yesterday
	}
	sent := []Delivery{{SentAt: at(5, 0, 1).UTC()}, {SentAt: at(4, 23, 59)}} // in UTC both are of the 4th
	now := at(5, 8, 0)
	got := TallyOf(DateOf(now), zone, rows, sent)
	want := Tally{Planned: 8, Sent: 1, Waiting: 6, Failed: 1, Oldest: at(4, 7, 30)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tally: -want +got:\n%s", diff)
	}
	// What is told, and what is tried, is late too.
	late := []Late{{Email, 3, at(5, 7, 30)}, {Telegram, 2, at(4, 7, 30)}}
	if diff := cmp.Diff(late, LateOf(rows, now, at(1, 0, 0))); diff != "" {
		t.Errorf("late: -want +got:\n%s", diff)
	}
	silent := func(now time.Time) []Delivery { return Untried(Untold(rows), now) }
	for _, c := range []struct {
		running time.Time
		want    []Late
	}{
		{at(1, 0, 0), []Late{{Email, 2, at(5, 7, 30)}, {Telegram, 1, at(4, 7, 30)}}},
		{at(5, 7, 45), []Late{{Email, 2, at(5, 7, 30)}, {Telegram, 1, at(4, 7, 30)}}},
		{at(5, 7, 46), nil}, // a daemon that has just started has time
	} {
		if diff := cmp.Diff(c.want, LateOf(silent(now), now, c.running)); diff != "" {
			t.Errorf("running since %v: -want +got:\n%s", c.running, diff)
		}
	}
	if late := LateOf(silent(at(5, 7, 44)), at(5, 7, 44), at(5, 7, 0)); len(late) != 1 || late[0].Channel != Telegram {
		t.Errorf("14 minutes after it was due: %+v", late)
	}
	if got := TallyOf(DateOf(now), zone, nil, nil); got != (Tally{}) {
		t.Errorf("of nothing: %+v", got)
	}
}
