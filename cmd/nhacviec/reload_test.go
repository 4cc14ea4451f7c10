package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// TestReloadTriesAgain: what waits because the channel needed a person goes out
// at the reload, what waits for another reason at its time.
func TestReloadTriesAgain(t *testing.T) {
	t.Parallel()
	server, err := notifytest.StartScript(notifytest.Script{"EHLO": "250 mail.example"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	s, _ := smallService(t, "")
	now := time.Now().Round(0)
	rows := map[string]tasks.Delivery{}
	for _, name := range []string{"down", "busy"} {
		d := tasks.NewDelivery(tasks.Message{Kind: tasks.FailureNotice, At: now, Failures: []tasks.Failure{{At: now, Cause: "thử"}},
			Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "van-phong", Address: name + "@example.gov.vn"}}, "cfg", now)
		if err := s.store.CommitFire(tasks.Fired{Deliveries: []tasks.Delivery{d}}); err != nil {
			t.Fatal(err)
		}
		d.State, d.Attempts, d.NextAttempt, d.Error, d.Down = tasks.Retry, 1, now.Add(15*time.Minute), "535 no", name == "down"
		if err := s.store.Put(d, now); err != nil {
			t.Fatal(err)
		}
		rows[name] = d
	}
	s.life, s.delivery = t.Context(), s.deliver()
	close(s.begun)
	defer func() { s.delivery.stop() }()
	config, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	config = []byte(strings.Replace(string(config), "[email]\n", fmt.Sprintf("[email]\nport = %d\n", server.Port()), 1))
	if err := os.WriteFile(s.path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for state := tasks.DeliveryState(""); state != tasks.Delivered; {
		d, err := s.store.Delivery(rows["down"].ID)
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("after a reload it is %s: %s, %v", d.State, d.Error, err)
		}
		state = d.State
	}
	if d, err := s.store.Delivery(rows["busy"].ID); err != nil || d.State != tasks.Retry || !d.NextAttempt.Equal(rows["busy"].NextAttempt) {
		t.Errorf("what waits for its own sake is %s, next %v, %v", d.State, d.NextAttempt, err)
	}
}
