package scheduler

import (
	"slices"

	"nhacviec/tasks"
)

// The roles that a rule can name in To; anything else there is a unit's code.
const (
	RoleLead         = "lead"
	RoleCoordinating = "coordinating"
	RoleSuperior     = "superior"
	RoleOffice       = "office"
)

// Roles lists the roles.
var Roles = []string{RoleLead, RoleCoordinating, RoleSuperior, RoleOffice}

// Rule says which tasks, which steps, when, to whom and through what.
type Rule struct {
	Name     string
	Cron     string // as written, for people
	Schedule Schedule
	Tasks    []tasks.Kind
	To       []string // roles and unit codes
	Before   []int    // steps before a due date, in days
	// OverdueEvery: overdue steps on the first day after a due date and every so
	// many days from there; 0: none.
	OverdueEvery int
	// EscalateAfter: from so many days overdue the lead's superior is told too;
	// 0: never.
	EscalateAfter int
	Channels      []tasks.Channel
	AnyDay        bool // fires and steps stay where they are on days off

	// Message is what the rule sends; "" is a reminder. The office's own notices
	// are rules too.
	Message tasks.MessageKind
}

// Setup is everything planning needs from the config.
type Setup struct {
	Rules    []Rule
	Units    *tasks.Directory
	Calendar Calendar
	Office   tasks.Office
	Channels []tasks.Channel // configured, and so able to send
	Hash     string          // of the config, for the ledger
}

// Soon returns the largest lead time of any rule, in days.
func (s Setup) Soon() int {
	soon := 0
	for _, r := range s.Rules {
		for _, n := range r.Before {
			soon = max(soon, n)
		}
	}
	return soon
}

// channels returns those of a rule's channels that can send.
func (s Setup) channels(r Rule) []tasks.Channel {
	return slices.DeleteFunc(slices.Clone(r.Channels), func(c tasks.Channel) bool {
		return !slices.Contains(s.Channels, c)
	})
}
