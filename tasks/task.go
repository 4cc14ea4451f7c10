package tasks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Number is a task's number as the plan prints it: "21", or "3.a" for a
// sub-task. In JSON it is a number when it is one, a string otherwise.
type Number string

// MarshalJSON writes 21, and "3.a".
func (n Number) MarshalJSON() ([]byte, error) {
	if v, err := strconv.Atoi(string(n)); err == nil && strconv.Itoa(v) == string(n) {
		return []byte(n), nil
	}
	return json.Marshal(string(n))
}

// UnmarshalJSON reads a number or a string.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var s string
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	} else {
		var v int
		if err := json.Unmarshal(b, &v); err != nil {
			return fmt.Errorf("%s is not a task number", b)
		}
		s = strconv.Itoa(v)
	}
	*n = Number(s)
	return nil
}

// Compare orders numbers as people do: 2 before 10, 3 before 3.2 before 3.a
// before 4, II.1 before IX.1 before X.1. It is zero for equal numbers only.
func (n Number) Compare(o Number) int {
	a, b := strings.Split(string(n), "."), strings.Split(string(o), ".")
	for i := range min(len(a), len(b)) {
		if c := comparePart(a[i], b[i]); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(n, o))
}

// comparePart compares by the number in front, then by what follows it. What
// has no number in front comes last, Roman figures before other letters.
func comparePart(a, b string) int {
	x, restA := leadingNumber(a)
	y, restB := leadingNumber(b)
	if x == math.MaxInt && y == math.MaxInt {
		return cmp.Or(cmp.Compare(romanNumber(a), romanNumber(b)), cmp.Compare(a, b))
	}
	return cmp.Or(cmp.Compare(x, y), cmp.Compare(restA, restB))
}

// romanNumber returns the value of the Roman figures I to LXXXIX, by which plans
// number their sections, and math.MaxInt for other text: C and D are letters.
func romanNumber(s string) int {
	n, last := 0, 0
	for i := len(s) - 1; i >= 0; i-- {
		v := romanDigit(s[i])
		switch {
		case v == 0 || len(s) > 7:
			return math.MaxInt
		case v < last:
			v = -v
		default:
			last = v
		}
		n += v
	}
	if n < 1 {
		return math.MaxInt
	}
	return n
}

func romanDigit(c byte) int {
	switch c {
	case 'I':
		return 1
	case 'V':
		return 5
	case 'X':
		return 10
	case 'L':
		return 50
	}
	return 0
}

func leadingNumber(s string) (n int, rest string) {
	i := 0
	for i < len(s) && i < 9 && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	n, err := strconv.Atoi(s[:i])
	if err != nil {
		return math.MaxInt, s
	}
	return n, s[i:]
}

// Key identifies a task: plan id and number.
type Key struct {
	Plan string `json:"plan"`
	No   Number `json:"no"`
}

// String returns "ct05/21".
func (k Key) String() string { return k.Plan + "/" + string(k.No) }

// Compare orders by plan, then number.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Plan, o.Plan), k.No.Compare(o.No))
}

// Status is where a task stands, as people set it.
type Status string

// The statuses.
const (
	Open      Status = "open"
	Reported  Status = "reported" // the unit says done, the office has not confirmed
	Done      Status = "done"
	Held      Status = "held"
	Cancelled Status = "cancelled"
)

// Task is one numbered row of a plan, understood.
type Task struct {
	Key
	Lead         UnitRef   `json:"lead"`
	Coordinating []UnitRef `json:"coordinating"`
	Content      string    `json:"content"`
	Product      string    `json:"product"`
	Note         string    `json:"note"`
	Deadline     Deadline  `json:"deadline"`
	Status       Status    `json:"status"`

	// DeadlineOn is the day on which the present deadline was recorded (import
	// or change). A due date before it was past when we learnt of it, and nobody
	// is nagged about it until Confirmed.
	DeadlineOn Date `json:"deadline_on"`
	Confirmed  bool `json:"confirmed"`

	// ByHand is what the file says where a person's words stand above.
	ByHand ByHand `json:"by_hand,omitzero"`

	// Was is the status that a cancelled task had, for the day it comes back.
	Was Status `json:"was,omitempty"`

	// DoneThrough: the due dates up to and including this one are done.
	DoneThrough Date `json:"done_through"`
	// DoneOn is the day on which the task became Done or was Reported.
	DoneOn Date `json:"done_on"`
}

// Wants returns the kind of reminding that the task asks for now, and "" for
// none: it is not open, its sub-tasks ask, or a person must look at its
// deadline first.
func (t Task) Wants() Kind {
	if t.Status != Open || t.Deadline.Source == FromSubTasks {
		return ""
	}
	switch t.Deadline.Kind {
	case Dated:
		if len(t.openFixed()) > 0 {
			return Dated
		}
		if t.Deadline.Ongoing && t.allDone() {
			return Ongoing
		}
		return ""
	case Unknown:
		return ""
	}
	return t.Deadline.Kind
}

// NeedsLook reports whether an admin must look at the task for what is stored
// with it alone; what depends on the config (a unit without an address) is
// found when the task comes due. Review says what exactly.
func (t Task) NeedsLook() bool {
	if t.Status == Done || t.Status == Cancelled {
		return false
	}
	if t.Deadline.Kind == Unknown || t.Lead.Code == "" || t.Status == Open && t.Wants() == "" && t.Deadline.Source != FromSubTasks {
		return true
	}
	for _, c := range t.Coordinating {
		if c.Code == "" {
			return true
		}
	}
	return !t.Confirmed && (t.Deadline.Source == FromContent || t.pastWhenRecorded())
}

// pastWhenRecorded reports whether a due date that is not done was past on the
// day on which the deadline was recorded.
func (t Task) pastWhenRecorded() bool {
	for _, d := range t.Deadline.Due {
		if d < t.DeadlineOn && d > t.DoneThrough {
			return true
		}
	}
	return false
}

func (t Task) allDone() bool {
	due := t.Deadline.Due
	return len(due) == 0 || due[len(due)-1] <= t.DoneThrough
}

// openFixed returns the dates of a dated deadline that are not done and of
// which somebody may be reminded.
func (t Task) openFixed() []Date {
	var out []Date
	for _, d := range t.Deadline.Due {
		if d > t.DoneThrough && (t.Confirmed || d >= t.DeadlineOn) {
			out = append(out, d)
		}
	}
	return out
}

// OpenDues returns, ascending, the due dates up to day+horizon that are not
// done and that ask for a hand on day. Of a periodic series only the latest
// date already past counts: an older period is over.
func (t Task) OpenDues(day Date, horizon int) []Date {
	switch t.Wants() {
	case Dated:
		due := t.openFixed()
		for i, d := range due {
			if d > day+Date(horizon) {
				return due[:i]
			}
		}
		return due
	case Periodic:
		due := t.Deadline.DueIn(max(t.DeadlineOn, t.DoneThrough+1), day+Date(horizon))
		for len(due) > 1 && due[1] < day {
			due = due[1:]
		}
		return due
	}
	return nil
}

// yearAhead is how far NextDue looks for the next date of a series: the
// longest period of the grammar is a year.
const yearAhead = 367

// NextDue returns the first date of OpenDues, looking a year and more ahead,
// and no date when there is none.
func (t Task) NextDue(day Date) Date {
	if t.Wants() == Dated {
		return t.openFixed()[0]
	}
	// A period can be done before it ends, and a series can start later.
	horizon := max(day, t.DoneThrough, t.DeadlineOn, t.Deadline.From) - day + yearAhead
	if due := t.OpenDues(day, int(horizon)); len(due) > 0 {
		return due[0]
	}
	return 0
}

// State is where an open task stands on a day.
type State string

// The states. A task that is not open has its status as its state.
const (
	Overdue  State = "overdue"
	Today    State = "today"
	Soon     State = "soon"
	InTime   State = "in_time"
	OnGoing  State = "ongoing"
	Waiting  State = "awaiting"
	InReview State = "review"
)

// StateOn returns the state on a day; soon is the largest lead time in days.
func (t Task) StateOn(day Date, soon int) State {
	if t.Status != Open {
		return State(t.Status)
	}
	if t.Deadline.Source == FromSubTasks {
		return OnGoing
	}
	switch t.Wants() {
	case Ongoing:
		return OnGoing
	case Awaiting:
		return Waiting
	case Dated, Periodic:
		next := t.NextDue(day)
		switch left := int(next - day); {
		case next == 0: // a series that has ended, all of it done
			return InReview
		case left < 0:
			return Overdue
		case left == 0:
			return Today
		case left <= soon:
			return Soon
		}
		return InTime
	}
	return InReview
}

// Urgency orders states, worst first.
func (s State) Urgency() int {
	for i, o := range []State{Overdue, Today, Soon, InReview, Waiting, InTime, OnGoing, State(Reported), State(Held), State(Done)} {
		if s == o {
			return i
		}
	}
	return 99
}
