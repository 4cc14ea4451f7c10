package tasks

import "time"

// DueQuery asks the store for the tasks that may have a ripe step.
type DueQuery struct {
	Kinds  []Kind // what Task.Wants may be
	Until  Date   // Dated and Periodic: an open due date not after this one
	Review bool   // also every task whose NeedsLook is true
	// Unheard, if set: also every task that Wants reminding and of whose kind and
	// lead it is true. It is asked once of each pair.
	Unheard func(Kind, UnitRef) bool
}

// Fired is what a handled fire leaves behind. It is stored in one transaction.
type Fired struct {
	Cursors    map[string]time.Time // rule name -> the last instant of its schedule that is handled
	Deliveries []Delivery           // new rows of the outbox; a row whose ID is known already is left as it is
	Told       []string             // ids of failed deliveries that one of Deliveries tells the office of
}

// LedgerQuery chooses entries of the ledger. Zero fields choose everything.
type LedgerQuery struct {
	Plan  string
	No    Number
	Unit  string
	ID    string    // of a delivery: its own entries, those in its place, and those that say that it is sent again
	Since time.Time // not before
	Until time.Time // before
}

// Briefing is what a composer needs to know to put a message into words.
type Briefing struct {
	Now    time.Time // when it is sent, in the configured zone; zero: when it was planned
	Office Office
	Units  *Directory
	Plans  map[string]Plan
	Tasks  map[Key]Task // a report: every task; other kinds: at least those the message names
	Soon   int          // the largest lead time, in days
}
