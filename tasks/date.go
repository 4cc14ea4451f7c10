package tasks

import (
	"fmt"
	"time"
)

// Date is a calendar date without a time zone, counted in days since
// 1970-01-01. Dates are ordered and subtracted like numbers; d+7 is a week
// later. The zero Date means "no date": nothing this program handles falls on
// 1970-01-01.
type Date int32

const secondsPerDay = 24 * 60 * 60

// NewDate returns the date of a day that exists, or an error naming the one
// that does not (31/06, 29/02 of a common year). Years run from 1971 to 2999, so
// that every date is later than no date.
func NewDate(year int, month time.Month, day int) (Date, error) {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if year < 1971 || year > 2999 {
		return 0, fmt.Errorf("%02d/%02d/%d is not in the years 1971 to 2999", day, int(month), year)
	}
	if t.Month() != month || t.Day() != day {
		return 0, fmt.Errorf("%02d/%02d/%d is not a date that exists", day, int(month), year)
	}
	return fromUTC(t), nil
}

// LastOfMonth returns the last day of a month.
func LastOfMonth(year int, month time.Month) Date {
	return fromUTC(time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC))
}

// DateOf returns the calendar date of an instant in the instant's own zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return fromUTC(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
}

// ParseDate reads the ISO 8601 form, 2023-06-30.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a date of the form 2023-06-30", s)
	}
	return NewDate(t.Date())
}

// ParseDay reads the form of Vietnamese offices, 30/06/2023 or 30/6/2023.
func ParseDay(s string) (Date, error) {
	t, err := time.Parse("2/1/2006", s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a date of the form 30/06/2023", s)
	}
	return NewDate(t.Date())
}

func fromUTC(t time.Time) Date {
	s := t.Unix()
	if s < 0 {
		s -= secondsPerDay - 1
	}
	return Date(s / secondsPerDay)
}

func (d Date) utc() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

// Split returns year, month and day.
func (d Date) Split() (int, time.Month, int) { return d.utc().Date() }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// At returns the instant at which the clock on the wall of loc shows hour:min
// on this date.
func (d Date) At(hour, min int, loc *time.Location) time.Time {
	y, m, day := d.Split()
	return time.Date(y, m, day, hour, min, 0, 0, loc)
}

// String returns the ISO 8601 form, and "" for no date.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return d.utc().Format(time.DateOnly)
}

// Day returns the form people read, 30/06/2023, and "" for no date.
func (d Date) Day() string {
	if d == 0 {
		return ""
	}
	return d.utc().Format("02/01/2006")
}

// MarshalJSON writes the ISO 8601 form, and null for no date.
func (d Date) MarshalJSON() ([]byte, error) {
	if d == 0 {
		return []byte("null"), nil
	}
	return []byte(`"` + d.String() + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Date) UnmarshalJSON(b []byte) error {
	s := string(b)
	if s == "null" || s == `""` {
		*d = 0
		return nil
	}
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return fmt.Errorf("%s is not a date of the form \"2023-06-30\"", s)
	}
	v, err := ParseDate(s[1 : len(s)-1])
	if err != nil {
		return err
	}
	*d = v
	return nil
}
