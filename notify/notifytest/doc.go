// Package notifytest has the far ends of the channels, as programs of this
// machine: a mail server, Telegram, Zalo's bots and Zalo's official accounts.
// They answer as the real ones do, keep what they accept, and can be told to
// fail in every way that the real ones have been seen to fail in.
//
// Suite is what every channel must pass, as data: cases that return an error.
// Nothing here needs package testing, so that a demonstration can link it.
package notifytest

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nhacviec/tasks"
)

// Message is what a far end accepted.
type Message struct {
	Channel tasks.Channel
	ID      string // the far end's id; a mail's Message-ID without brackets
	Address string // as in tasks.Outgoing
	Subject string // mail only
	Text    string // as a reader sees it
	HTML    string // mail: its HTML part; Telegram: the text with its markup
	Silent  bool
	Raw     []byte // mail: the bytes after DATA; others: the body of the call
}

// recorder keeps what was accepted, in order.
type recorder struct {
	latency atomic.Int64 // of one message
	busy    atomic.Int64

	mu       sync.Mutex
	messages []Message
	onAccept func(Message)
}

func (r *recorder) take(m Message) {
	r.mu.Lock()
	r.messages = append(r.messages, m)
	r.mu.Unlock()
	if r.onAccept != nil {
		r.onAccept(m)
	}
}

// Accepted returns what was accepted so far, oldest first.
func (r *recorder) Accepted() []Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.messages)
}

// SetLatency makes the far end take so long over each message: half of it
// before it accepts the message, half of it before it says so.
func (r *recorder) SetLatency(d time.Duration) { r.latency.Store(int64(d)) }

// Busy counts the messages that were read and are not answered yet.
func (r *recorder) Busy() int { return int(r.busy.Load()) }

// begin notes that a message was read, end that it is answered; each takes
// half of the latency.
func (r *recorder) begin() {
	r.busy.Add(1)
	r.ponder()
}

func (r *recorder) end() {
	r.ponder()
	r.busy.Add(-1)
}

func (r *recorder) ponder() {
	if d := time.Duration(r.latency.Load()); d > 0 {
		time.Sleep(d / 2)
	}
}
