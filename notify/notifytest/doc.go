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
