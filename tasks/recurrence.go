package tasks

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Recurrence is a series of due dates, without end unless it says UNTIL: the
// part of RFC 5545's RRULE that the deadline grammar needs. It is one of
//
//	FREQ=WEEKLY;BYDAY=FR
//	FREQ=MONTHLY;BYMONTHDAY=25            days 1 to 31, and -1 for the last
//	FREQ=MONTHLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1
//	FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1
//	FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=20
//	FREQ=MONTHLY;BYMONTHDAY=20;UNTIL=20231231 … each of them with a last day
//
// BYSETPOS=-1 is RFC 5545's way to say "the 30th, or the last day of a shorter
// month". Recurrences are compared with ==. The zero Recurrence has no dates.
type Recurrence struct {
	freq     frequency
	weekdays uint8  // BYDAY: bit 0 is Sunday
	months   uint16 // BYMONTH: bit 1 is January; 0: every month
	days     uint32 // BYMONTHDAY: bit 1 is the 1st, bit 0 the last day
	lastOnly bool   // BYSETPOS=-1: of each month the last of the days only
	until    Date   // UNTIL: the last day that may belong to it; 0: none
}

type frequency uint8

const (
	weekly frequency = iota + 1
	monthly
	yearly
)

var (
	frequencyNames = []string{weekly: "WEEKLY", monthly: "MONTHLY", yearly: "YEARLY"}
	weekdayNames   = []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}
)

// weeklyOn is the series of one day of every week.
func weeklyOn(day time.Weekday) Recurrence {
	return Recurrence{freq: weekly, weekdays: 1 << day}
}

// monthlyOn is the series of a day (1 to 31, 0 the last) in each of the given
// months, every month if none is given. A month too short for the day has it
// on its last.
func monthlyOn(day int, months ...time.Month) Recurrence {
	r := Recurrence{freq: monthly}
	for _, m := range months {
		r.months |= 1 << m
	}
	shortest := 28
	if r.months != 0 {
		shortest = 31
		for _, m := range months {
			shortest = min(shortest, daysIn(2023, m)) // 2023: a common year
		}
	}
	switch {
	case day == 31:
		r.days = 1
	case day <= shortest:
		r.days = 1 << day
	default:
		for d := shortest; d <= day; d++ {
			r.days |= 1 << d
		}
		r.lastOnly = true
	}
	if len(months) == 1 && !r.lastOnly {
		r.freq = yearly
	}
	return r
}

func daysIn(year int, m time.Month) int {
	_, _, d := LastOfMonth(year, m).Split()
	return d
}

// Between returns the dates of the series in [from, to], ascending. Its cost
// grows with the months in that range, and nothing else. Dates beyond the year
// 2999 do not exist.
func (r Recurrence) Between(from, to Date) []Date {
	from, to = max(from, firstDate), min(to, lastDate)
	if r.until != 0 {
		to = min(to, r.until)
	}
	if from > to {
		return nil
	}
	var out []Date
	add := func(d Date) {
		if d >= from && d <= to {
			out = append(out, d)
		}
	}
	if r.freq == weekly {
		for d := from; d <= to; d++ {
			if r.weekdays&(1<<d.Weekday()) != 0 {
				add(d)
			}
		}
		return out
	}
	year, month, _ := from.Split()
	for {
		end := LastOfMonth(year, month)
		length := daysIn(year, month)
		if r.months == 0 || r.months&(1<<month) != 0 {
			days := r.days >> 1 & (1<<length - 1) // bit 0 is the 1st
			if r.days&1 != 0 {
				days |= 1 << (length - 1)
			}
			if r.lastOnly && days != 0 {
				days = 1 << (bits.Len32(days) - 1)
			}
			for ; days != 0; days &= days - 1 {
				add(end - Date(length-1-bits.TrailingZeros32(days)))
			}
		}
		if end >= to {
			return out
		}
		if month++; month > time.December {
			year, month = year+1, time.January
		}
	}
}

var (
	firstDate = LastOfMonth(1899, time.December) + 1
	lastDate  = LastOfMonth(2999, time.December)
)

// String returns the RRULE text, without "RRULE:", and "" for the zero value.
func (r Recurrence) String() string {
	if r.freq == 0 {
		return ""
	}
	parts := []string{"FREQ=" + frequencyNames[r.freq]}
	list := func(name string, items []string) {
		if len(items) > 0 {
			parts = append(parts, name+"="+strings.Join(items, ","))
		}
	}
	var days []string
	for d := range weekdayNames {
		if i := (d + 1) % 7; r.weekdays&(1<<i) != 0 { // Monday first
			days = append(days, weekdayNames[i])
		}
	}
	list("BYDAY", days)
	list("BYMONTH", bitNumbers(uint32(r.months)))
	days = bitNumbers(r.days &^ 1)
	if r.days&1 != 0 {
		days = append(days, "-1")
	}
	list("BYMONTHDAY", days)
	if r.lastOnly {
		parts = append(parts, "BYSETPOS=-1")
	}
	if r.until != 0 {
		parts = append(parts, "UNTIL="+strings.ReplaceAll(r.until.String(), "-", ""))
	}
	return strings.Join(parts, ";")
}

func bitNumbers(set uint32) []string {
	var out []string
	for ; set != 0; set &= set - 1 {
		out = append(out, strconv.Itoa(bits.TrailingZeros32(set)))
	}
	return out
}

// ParseRecurrence reads an RRULE of the forms that Recurrence documents, its
// parts in any order. Anything else is an error that names the part.
func ParseRecurrence(s string) (Recurrence, error) {
	var r Recurrence
	fail := func(format string, args ...any) (Recurrence, error) {
		return Recurrence{}, fmt.Errorf("%q is not a series this program knows: %s", s, fmt.Sprintf(format, args...))
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(strings.TrimPrefix(s, "RRULE:"), ";") {
		name, value, _ := strings.Cut(part, "=")
		if seen[name] {
			return fail("%s is given twice", name)
		}
		seen[name] = true
		switch name {
		case "FREQ":
			i := slices.Index(frequencyNames, value)
			if i < 1 {
				return fail("FREQ must be WEEKLY, MONTHLY or YEARLY")
			}
			r.freq = frequency(i)
		case "BYDAY":
			for day := range strings.SplitSeq(value, ",") {
				i := slices.Index(weekdayNames, day)
				if i < 0 {
					return fail("BYDAY=%s is no day of the week", day)
				}
				r.weekdays |= 1 << i
			}
		case "BYMONTH":
			for month := range strings.SplitSeq(value, ",") {
				m, err := strconv.Atoi(month)
				if err != nil || m < 1 || m > 12 {
					return fail("BYMONTH=%s is no month", month)
				}
				r.months |= 1 << m
			}
		case "BYMONTHDAY":
			for day := range strings.SplitSeq(value, ",") {
				d, err := strconv.Atoi(day)
				if err != nil || d < -1 || d == 0 || d > 31 {
					return fail("BYMONTHDAY=%s is neither 1 to 31 nor -1", day)
				}
				r.days |= 1 << max(d, 0)
			}
		case "BYSETPOS":
			if value != "-1" {
				return fail("BYSETPOS must be -1")
			}
			r.lastOnly = true
		case "UNTIL":
			t, err := time.Parse("20060102", value)
			if r.until = DateOf(t); err != nil || r.until < firstDate || r.until > lastDate {
				return fail("UNTIL=%s is no day like 20231231", value)
			}
		default:
			return fail("%q is not supported", part)
		}
	}
	switch r.freq {
	case weekly:
		if r.weekdays == 0 || r.months != 0 || r.days != 0 || r.lastOnly {
			return fail("WEEKLY wants BYDAY and nothing else")
		}
	case monthly:
		if r.days == 0 || r.weekdays != 0 {
			return fail("MONTHLY wants BYMONTHDAY, and has no BYDAY")
		}
	case yearly:
		if r.days == 0 || r.months == 0 || r.weekdays != 0 || r.lastOnly {
			return fail("YEARLY wants BYMONTH and BYMONTHDAY, and has neither BYDAY nor BYSETPOS")
		}
	default:
		return fail("FREQ is missing")
	}
	return r, nil
}

// MarshalText writes the RRULE text.
func (r Recurrence) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes, and "" as the zero value.
func (r *Recurrence) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*r = Recurrence{}
		return nil
	}
	v, err := ParseRecurrence(string(b))
	if err != nil {
		return err
	}
	*r = v
	return nil
}
