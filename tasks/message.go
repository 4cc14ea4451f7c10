package tasks

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Recipient is one address of one unit on one channel.
type Recipient struct {
	Channel Channel `json:"channel"`
	Unit    string  `json:"unit"`
	Address string  `json:"address"`
}

// Step is one point at which a task asks for a message.
type Step struct {
	Rule string `json:"rule"`
	Key
	Name     string `json:"step"`      // "T-7", "T-0", "overdue+8", "progress 2023-07", "date-wanted 2023-07"
	Due      Date   `json:"due"`       // null for progress and date-wanted
	DaysLeft *int   `json:"days_left"` // due minus the message's date; null without a due date
	Version  int    `json:"version,omitempty"`
}

// StepBefore names the step n days before a due date.
func StepBefore(n int) string { return "T-" + strconv.Itoa(n) }

// StepOverdue names the step n days after a due date.
func StepOverdue(n int) string { return "overdue+" + strconv.Itoa(n) }

// StepProgress names the monthly step of an ongoing task.
func StepProgress(day Date) string { return "progress " + month(day) }

// StepDateWanted names the monthly step of an awaiting task.
func StepDateWanted(day Date) string { return "date-wanted " + month(day) }

func month(day Date) string {
	y, m, _ := day.Split()
	return fmt.Sprintf("%04d-%02d", y, int(m))
}

// Mark places a step in the sent set. Steps of one series supersede one
// another: the one with the higher rank is the more urgent. A date's series is
// the date itself, with the days after it as rank; progress and date-wanted
// are a series each, with the month as rank. ok is false for no step's name.
func (s Step) Mark() (series string, rank int, ok bool) {
	if t, is := strings.CutPrefix(s.Name, "T-"); is {
		n, ok := digits(t)
		return s.Due.String(), -n, ok
	}
	if t, is := strings.CutPrefix(s.Name, "overdue+"); is {
		n, ok := digits(t)
		return s.Due.String(), n, ok
	}
	series, t, _ := strings.Cut(s.Name, " ")
	if m, err := time.Parse("2006-01", t); err == nil && (series == "progress" || series == "date-wanted") {
		return series, m.Year()*100 + int(m.Month()), true
	}
	return "", 0, false
}

// digits reads a number without a sign.
func digits(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil
}

// SentKey names a series of steps of one deadline version, to one recipient.
type SentKey struct {
	Key
	Version int
	Series  string
	Recipient
}

// Sent is the sent set: how far each series has been told, as the rank of the
// last step planned or sent.
type Sent map[SentKey]int

// Add marks everything that a message says as told. What has been told further
// already stays so.
func (s Sent) Add(m Message) {
	for _, mark := range m.Marks() {
		if rank, told := s[mark.SentKey]; !told || mark.Rank > rank {
			s[mark.SentKey] = mark.Rank
		}
	}
}

// Mark is one entry of the sent set.
type Mark struct {
	SentKey
	Rank int
}

// Marks returns the entries of the sent set that a message makes.
func (m Message) Marks() []Mark {
	out := make([]Mark, 0, len(m.Steps)+len(m.Review))
	for _, s := range m.Steps {
		if series, rank, ok := s.Mark(); ok {
			out = append(out, Mark{SentKey{s.Key, s.Version, series, m.Recipient}, rank})
		}
	}
	for _, r := range m.Review {
		out = append(out, r.Mark(m.Recipient))
	}
	for _, f := range m.Failures {
		out = append(out, f.Mark(m.Recipient, m.At))
	}
	return out
}

// MessageKind says what a message is for.
type MessageKind string

// The kinds of message. All but reminders go to the standing office.
const (
	Reminder      MessageKind = "reminder"
	ReviewNotice  MessageKind = "review"
	FailureNotice MessageKind = "failure"
	WeeklyReport  MessageKind = "report"
)

// Message is what one recipient gets through one channel at one instant.
type Message struct {
	Kind MessageKind `json:"kind"`
	At   time.Time   `json:"at"` // in the configured zone, whole seconds
	Recipient
	Steps    []Step       `json:"steps,omitempty"`    // worst first
	Review   []ReviewItem `json:"review,omitempty"`   // ReviewNotice: what is new to look at
	Failures []Failure    `json:"failures,omitempty"` // FailureNotice: what did not arrive
}

// Failure is a delivery that will not be tried again by itself, or a trouble
// of the service, as the office is told of it.
type Failure struct {
	ID string `json:"id,omitempty"` // of the delivery
	Recipient
	At       time.Time `json:"at"`
	Cause    string    `json:"cause"`              // Vietnamese: why, and of a trouble what to do
	Command  string    `json:"command,omitempty"`  // of a trouble: what to type, after the cause's words
	Detail   string    `json:"detail,omitempty"`   // technical, mostly English
	Times    int       `json:"times,omitempty"`    // of a trouble: how often since At, if more than once
	Retrying bool      `json:"retrying,omitempty"` // it is still tried by itself
	ByMail   bool      `json:"by_mail,omitempty"`  // what it said goes out by mail instead
	Unsure   bool      `json:"unsure,omitempty"`   // nobody knows whether it arrived
}

// Mark returns the entry of the sent set for telling a recipient of the item.
func (i ReviewItem) Mark(to Recipient) Mark {
	return Mark{SentKey{i.Key, i.Version, "review " + i.Reason + " " + i.Detail, to}, 1}
}

// Mark returns the entry of the sent set for telling a recipient of a cause on
// a day: the office hears of one cause once a day.
func (f Failure) Mark(to Recipient, at time.Time) Mark {
	cause := strings.TrimSpace(f.Cause + " " + f.Detail)
	if f.ID != "" {
		cause = essence(cause)
	}
	return Mark{SentKey{Series: "failure " + string(f.Channel) + " " + cause, Recipient: to}, int(DateOf(at))}
}

// essence returns what a server's refusal has in common with others like it:
// its code and its words, without addresses, queue ids and the like.
func essence(cause string) string {
	var out []string
	for _, word := range strings.Fields(cause) {
		word = strings.Trim(word, ".,;:()[]<>\"'=")
		code, isNumber := digits(word)
		if isNumber && len(word) == 3 && code >= 400 && code < 600 || !strings.ContainsAny(word, "0123456789@/=_<>") && word != strings.ToUpper(word) {
			out = append(out, word)
		}
	}
	return strings.Join(out, " ")
}

// Public returns the message as it is printed: the fields of the contract and
// no others.
func (m Message) Public() Message {
	steps := make([]Step, len(m.Steps))
	for i, s := range m.Steps {
		s.Version = 0
		steps[i] = s
	}
	m.Steps, m.Review, m.Failures = steps, nil, nil
	return m
}

// ID identifies a message for ever: the same kind, instant, recipient and
// steps give the same 26 characters of lower-case base32. It is the key in the
// outbox and the local part of a mail's Message-ID.
func (m Message) ID() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s|%s|%s|%s|%s", m.Kind, m.At.UTC().Format(time.RFC3339), m.Channel, m.Unit, m.Address)
	for _, mark := range m.Marks() {
		fmt.Fprintf(h, "|%s|%d|%s|%d", mark.Key, mark.Version, mark.Series, mark.Rank)
	}
	for _, f := range m.Failures {
		fmt.Fprintf(h, "|%s", f.ID)
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil))[:26])
}
