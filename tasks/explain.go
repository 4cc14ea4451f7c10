package tasks

import (
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// Explain says in one English line how a deadline was read, its days as
// dd/mm/yyyy.
func (d Deadline) Explain() string {
	var parts []string
	switch d.Kind {
	case Dated:
		var due []string
		for _, day := range d.Due {
			due = append(due, day.Day())
		}
		parts = append(parts, "due "+listed(due))
	case Periodic:
		if d.RRule != nil {
			parts = append(parts, "due "+d.RRule.Explain())
		}
	case Ongoing:
		if d.Source == FromSubTasks {
			return "ongoing: its sub-tasks have the deadlines"
		}
		parts = append(parts, "goes on without a due date")
	case Awaiting:
		parts = append(parts, "waits for something that has no date yet")
	default:
		if d.Text == "" {
			return "unknown: there are no words about time"
		}
		return "unknown: not understood, a person must set it"
	}
	if d.From != 0 {
		parts = append(parts, "from "+d.From.Day())
	}
	if d.Ongoing && d.Kind != Ongoing {
		parts = append(parts, "goes on afterwards")
	}
	if d.Source == FromContent {
		parts = append(parts, "found in the task's content")
	}
	return string(d.Kind) + ": " + strings.Join(parts, "; ")
}

// Explain says in English on which days a series falls: "every Friday", "on
// the 25th of March, June, September and December, until 31/12/2023". The zero
// Recurrence says "never".
func (r Recurrence) Explain() string {
	var says string
	switch {
	case r.freq == 0:
		return "never"
	case r.freq == weekly:
		var days []string
		for i := range 7 {
			if day := time.Weekday((i + 1) % 7); r.weekdays&(1<<day) != 0 {
				days = append(days, day.String())
			}
		}
		says = "every " + listed(days)
	default:
		says = "on the " + r.explainDays() + " of " + r.explainMonths()
	}
	if r.until != 0 {
		says += ", until " + r.until.Day()
	}
	return says
}

func (r Recurrence) explainDays() string {
	if r.lastOnly {
		return ordinal(bits.Len32(r.days)-1) + " or, if there is none, the last day"
	}
	var days []string
	for d := 1; d <= 31; d++ {
		if r.days&(1<<d) != 0 {
			days = append(days, ordinal(d))
		}
	}
	if r.days&1 != 0 {
		days = append(days, "last day")
	}
	return listed(days)
}

func (r Recurrence) explainMonths() string {
	var months []string
	for m := time.January; m <= time.December; m++ {
		if r.months&(1<<m) != 0 {
			months = append(months, m.String())
		}
	}
	if len(months) == 0 {
		return "every month"
	}
	return listed(months) + " each year"
}

// listed joins words as a sentence does.
func listed(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

func ordinal(n int) string {
	suffix := "th"
	if n/10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}
