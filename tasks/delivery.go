package tasks

import (
	"errors"
	"time"
)

// DeliveryState is where a message is in its life.
type DeliveryState string

// The states of a delivery. Uncertain is an entry of the ledger, not a place to
// rest: the delivery it speaks of is tried once more.
const (
	Planned    DeliveryState = "planned"
	Sending    DeliveryState = "sending"
	Delivered  DeliveryState = "sent"
	Retry      DeliveryState = "retry"
	Failed     DeliveryState = "failed"
	Uncertain  DeliveryState = "uncertain"
	Superseded DeliveryState = "superseded"
	Dropped    DeliveryState = "dropped"
)

// Delivery is a message's life: one message, one recipient, one row of the
// outbox.
type Delivery struct {
	ID string `json:"id"`
	Message
	State       DeliveryState `json:"state"`
	Config      string        `json:"config"` // hash of the config that planned it
	Attempts    int           `json:"attempts"`
	Doubts      int           `json:"doubts,omitempty"`  // attempts whose outcome nobody knows
	Crashes     int           `json:"crashes,omitempty"` // those of them during which the process ended
	Created     time.Time     `json:"created"`
	NextAttempt time.Time     `json:"next_attempt,omitzero"`
	Made        time.Time     `json:"made,omitzero"` // the Date of its mail: of the attempt, and while in doubt of the first in doubt
	SentAt      time.Time     `json:"sent_at,omitzero"`
	Reply       string        `json:"reply,omitempty"`  // the server's reply or message id
	SHA256      string        `json:"sha256,omitempty"` // of the text that was sent
	Error       string        `json:"error,omitempty"`  // why the last attempt failed; never holds a secret
	Boot        string        `json:"boot,omitempty"`   // the process that wrote "sending"
	Down        bool          `json:"down,omitempty"`   // still tried, but the office must hear of it: the channel needs a person, or it takes long
	Told        bool          `json:"told,omitempty"`   // the office knows that it failed or is down

	// A delivery that goes out in the place of others has their IDs, and each of
	// them has its.
	For     string   `json:"for,omitempty"`
	Instead []string `json:"instead,omitempty"`

	// Again: a person asked for it, so that it is sent though a later step is told.
	Again bool `json:"again,omitempty"`

	// Text is what is being sent, given with Sending: it is kept under its SHA256.
	Text string `json:"-"`

	// A chat message too long for one call is sent in parts. Parts is kept from
	// the first attempt on, so that a later one goes on behind the last part sent.
	Parts     []string `json:"parts,omitempty"`
	PartsSent int      `json:"parts_sent,omitempty"`
	Carries   [][]int  `json:"carries,omitempty"` // as Content has it
}

// MaxCrashes is how many attempts may end with the process: the delivery then
// counts as what ends it, and is set aside as failed.
const MaxCrashes = 3

// NewDelivery returns a delivery that waits to be sent at once.
func NewDelivery(m Message, config string, now time.Time) Delivery {
	return Delivery{ID: m.ID(), Message: m, State: Planned, Config: config, Created: now, NextAttempt: now}
}

// Content is a message put into words for one channel.
type Content struct {
	Subject string   // email only
	HTML    string   // email only
	Text    []string // email: one plain-text part; chats: the parts in order, each within the channel's limit
	Carries [][]int  // of several parts of a reminder, the indexes of the message's steps that each tells of
}

// Outgoing is what a channel is asked to carry: one mail, or one part of a
// chat message.
type Outgoing struct {
	ID      string    // the delivery's id: a mail's Message-ID is <ID@domain>
	At      time.Time // a mail's Date
	Kind    MessageKind
	Address string
	Subject string
	HTML    string
	Text    string
	Silent  bool // chats that can: no sound on the phone
}

// Receipt is a provider's yes.
type Receipt struct {
	Reply string // the server's reply line, or the provider's message id
}

// Outcome says what a failed attempt means for the delivery.
type Outcome string

// The outcomes of an attempt that did not end in a Receipt.
const (
	Transient   Outcome = "transient"    // not delivered; try again later
	Permanent   Outcome = "permanent"    // not delivered and never will be, for this recipient
	Unknowable  Outcome = "uncertain"    // handed over, no answer: perhaps delivered
	ChannelDown Outcome = "channel-down" // the whole channel needs a person; nothing was delivered
	Moved       Outcome = "moved"        // the address has a new name: NewAddress
)

// SendError is why a channel did not deliver. Its text never holds a secret.
type SendError struct {
	Outcome    Outcome
	RetryAfter time.Duration // at least this long before the next attempt; 0: the caller's own schedule
	NewAddress string        // with Moved
	Spent      bool          // a quota is used up: another channel is sooner than RetryAfter
	Unreached  bool          // nobody answered who could take a message, or who serves: it would be so for any other
	Err        error
}

func (e *SendError) Error() string { return string(e.Outcome) + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *SendError) Unwrap() error { return e.Err }

// AsSendError returns the SendError inside err; an error that is none counts
// as transient.
func AsSendError(err error) *SendError {
	var se *SendError
	if errors.As(err, &se) {
		return se
	}
	return &SendError{Outcome: Transient, Err: err}
}
