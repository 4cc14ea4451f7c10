package tasks

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// day reads 2023-06-30.
func day(t testing.TB, s string) Date {
	t.Helper()
	d, err := ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func days(t testing.TB, ss ...string) []Date {
	t.Helper()
	var out []Date
	for _, s := range ss {
		out = append(out, day(t, s))
	}
	return out
}

func TestNewDateRefusesDaysThatDoNotExist(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		y    int
		m    time.Month
		d    int
		want string
	}{
		{2023, 6, 31, "31/06/2023 is not a date that exists"},
		{2023, 2, 29, "29/02/2023 is not a date that exists"},
		{2023, 13, 1, "01/13/2023 is not a date that exists"},
		{2023, 0, 1, "01/00/2023 is not a date that exists"},
		{2023, 1, 0, "00/01/2023 is not a date that exists"},
		{1970, 1, 1, "01/01/1970 is not in the years 1971 to 2999"},
		{3000, 1, 1, "01/01/3000 is not in the years 1971 to 2999"},
	} {
		if d, err := NewDate(c.y, c.m, c.d); err == nil || err.Error() != c.want || d != 0 {
			t.Errorf("NewDate(%d, %d, %d) = %v, %v, want the error %q", c.y, c.m, c.d, d, err, c.want)
		}
	}
	if d, err := NewDate(2024, 2, 29); err != nil || d.String() != "2024-02-29" {
		t.Errorf("NewDate(2024, 2, 29) = %v, %v", d, err)
	}
}

func TestDateRoundTrips(t *testing.T) {
	t.Parallel()
	first, last := day(t, "1971-01-01"), day(t, "2999-12-31")
	rapid.Check(t, func(t *rapid.T) {
		d := Date(rapid.Int32Range(int32(first), int32(last)).Draw(t, "date"))
		if got, err := ParseDate(d.String()); got != d || err != nil {
			t.Fatalf("ParseDate(%q) = %v, %v", d.String(), got, err)
		}
		if got, err := ParseDay(d.Day()); got != d || err != nil {
			t.Fatalf("ParseDay(%q) = %v, %v", d.Day(), got, err)
		}
		if got, err := NewDate(d.Split()); got != d || err != nil {
			t.Fatalf("NewDate(%v) = %v, %v", d, got, err)
		}
		b, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var back Date
		if err := json.Unmarshal(b, &back); err != nil || back != d {
			t.Fatalf("%v through JSON %s = %v, %v", d, b, back, err)
		}
		hour, minute := rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")
		zone := time.FixedZone("zone", rapid.IntRange(-12, 14).Draw(t, "offset")*3600)
		if at := d.At(hour, minute, zone); DateOf(at) != d || at.Hour() != hour || at.Minute() != minute {
			t.Fatalf("%v.At(%d, %d) = %v", d, hour, minute, at)
		}
		if next := d + 1; next.Weekday() != (d.Weekday()+1)%7 || !next.utc().Equal(d.utc().AddDate(0, 0, 1)) {
			t.Fatalf("the day after %v is %v", d, next)
		}
	})
}

func TestNoDate(t *testing.T) {
	t.Parallel()
	var d Date
	if d.String() != "" || d.Day() != "" {
		t.Errorf("no date reads %q and %q", d.String(), d.Day())
	}
	if b, err := json.Marshal(d); string(b) != "null" || err != nil {
		t.Errorf("no date in JSON is %s, %v", b, err)
	}
	for _, s := range []string{"null", `""`} {
		d := Date(7)
		if err := json.Unmarshal([]byte(s), &d); err != nil || d != 0 {
			t.Errorf("%s is read as %v, %v", s, d, err)
		}
	}
}

func TestParseDateErrors(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "30/6/2023", "2023-6-30", "2023-06-31", "2023-06-30T00:00:00Z", "0001-01-01"} {
		if d, err := ParseDate(s); err == nil {
			t.Errorf("ParseDate(%q) = %v", s, d)
		}
	}
	for _, s := range []string{"", "2023-06-30", "31/6/2023", "30/6/23", "30.6.2023"} {
		if d, err := ParseDay(s); err == nil {
			t.Errorf("ParseDay(%q) = %v", s, d)
		}
	}
	for _, s := range []string{`7`, `"30/06/2023"`, `"2023-06-31"`, `{}`, `"`} {
		var d Date
		if err := d.UnmarshalJSON([]byte(s)); err == nil {
			t.Errorf("%s is read as %v", s, d)
		}
	}
	if d, err := ParseDay("3/6/2023"); err != nil || d.Day() != "03/06/2023" {
		t.Errorf("ParseDay(3/6/2023) = %v, %v", d, err)
	}
}

func TestLastOfMonth(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]struct {
		y int
		m time.Month
	}{"2023-02-28": {2023, 2}, "2024-02-29": {2024, 2}, "2023-12-31": {2023, 12}, "2023-06-30": {2023, 6}} {
		if got := LastOfMonth(m.y, m.m); got.String() != want {
			t.Errorf("LastOfMonth(%d, %d) = %v, want %s", m.y, m.m, got, want)
		}
	}
}
