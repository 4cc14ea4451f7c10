package tasks

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

func TestRecurrence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule  Recurrence
		text  string
		dates string // from 2023-12-01 to 2024-04-30
	}{
		{weeklyOn(time.Friday), "FREQ=WEEKLY;BYDAY=FR", ""},
		{monthlyOn(25), "FREQ=MONTHLY;BYMONTHDAY=25", "2023-12-25 2024-01-25 2024-02-25 2024-03-25 2024-04-25"},
		{monthlyOn(0), "FREQ=MONTHLY;BYMONTHDAY=-1", "2023-12-31 2024-01-31 2024-02-29 2024-03-31 2024-04-30"},
		{monthlyOn(31), "FREQ=MONTHLY;BYMONTHDAY=-1", "2023-12-31 2024-01-31 2024-02-29 2024-03-31 2024-04-30"},
		{monthlyOn(30), "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "2023-12-30 2024-01-30 2024-02-29 2024-03-30 2024-04-30"},
		{monthlyOn(5, time.January, time.April), "FREQ=MONTHLY;BYMONTH=1,4;BYMONTHDAY=5", "2024-01-05 2024-04-05"},
		{monthlyOn(30, time.April, time.January), "FREQ=MONTHLY;BYMONTH=1,4;BYMONTHDAY=30", "2024-01-30 2024-04-30"},
		{monthlyOn(0, time.February), "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", "2024-02-29"},
		{monthlyOn(15, time.December), "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=15", "2023-12-15"},
		{ending(monthlyOn(25), "2024-02-25"), "FREQ=MONTHLY;BYMONTHDAY=25;UNTIL=20240225", "2023-12-25 2024-01-25 2024-02-25"},
		{ending(monthlyOn(25), "2024-02-24"), "FREQ=MONTHLY;BYMONTHDAY=25;UNTIL=20240224", "2023-12-25 2024-01-25"},
	} {
		if got := c.rule.String(); got != c.text {
			t.Errorf("%s, want %s", got, c.text)
		}
		back, err := ParseRecurrence(c.text)
		if err != nil || back != c.rule {
			t.Errorf("%s does not survive: %v, %v", c.text, back, err)
		}
		var got []string
		for _, d := range c.rule.Between(mustDate("2023-12-01"), mustDate("2024-04-30")) {
			if c.dates != "" {
				got = append(got, d.String())
			} else if d.Weekday() != time.Friday {
				t.Errorf("%s gives %s, a %s", c.text, d, d.Weekday())
			}
		}
		if s := strings.Join(got, " "); s != c.dates {
			t.Errorf("%s: %s, want %s", c.text, s, c.dates)
		}
	}
}

func ending(r Recurrence, on string) Recurrence {
	r.until = mustDate(on)
	return r
}

func TestRecurrenceStrictDays(t *testing.T) {
	t.Parallel()
	r, err := ParseRecurrence("RRULE:BYMONTHDAY=-1,30;FREQ=MONTHLY")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range r.Between(mustDate("2023-01-30"), mustDate("2023-04-30")) {
		got = append(got, d.String())
	}
	if s, want := strings.Join(got, " "), "2023-01-30 2023-01-31 2023-02-28 2023-03-30 2023-03-31 2023-04-30"; s != want {
		t.Errorf("%s, want %s", s, want)
	}
}

func TestRecurrenceBounds(t *testing.T) {
	t.Parallel()
	r := monthlyOn(25)
	day := mustDate("2023-06-25")
	for _, c := range []struct {
		from, to Date
		want     int
	}{
		{day, day, 1}, {day + 1, day, 0}, {day + 1, day + 29, 0}, {day - 1, day + 30, 2},
		{math.MinInt32, math.MaxInt32, 1100 * 12},
	} {
		if got := len(r.Between(c.from, c.to)); got != c.want {
			t.Errorf("%d dates in [%s, %s], want %d", got, c.from, c.to, c.want)
		}
	}
	if got := (Recurrence{}).Between(day-400, day); got != nil {
		t.Errorf("the zero value has dates: %v", got)
	}
}

func TestParseRecurrenceErrors(t *testing.T) {
	t.Parallel()
	for text, part := range map[string]string{
		"":                                      `"" is not supported`,
		"BYDAY=FR":                              "FREQ is missing",
		"FREQ=DAILY":                            "FREQ must be",
		"FREQ=":                                 "FREQ must be",
		"FREQ=WEEKLY":                           "WEEKLY wants BYDAY",
		"FREQ=WEEKLY;BYDAY=FR;UNTIL=20230631":   "UNTIL=20230631 is no day",
		"FREQ=WEEKLY;BYDAY=FR;UNTIL=31/12/2023": "UNTIL=31/12/2023 is no day",
		"FREQ=WEEKLY;BYDAY=XX":                  "XX is no day",
		"FREQ=WEEKLY;BYDAY=FR;BYMONTH=3":        "nothing else",
		"FREQ=MONTHLY":                          "wants BYMONTHDAY",
		"FREQ=MONTHLY;BYMONTHDAY=32":            "neither 1 to 31",
		"FREQ=MONTHLY;BYMONTHDAY=0":             "neither 1 to 31",
		"FREQ=MONTHLY;BYMONTHDAY=1;BYMONTH=13":  "13 is no month",
		"FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=1":  "BYSETPOS must be -1",
		"FREQ=MONTHLY;BYMONTHDAY=1;INTERVAL=2":  `"INTERVAL=2" is not supported`,
		"FREQ=MONTHLY;FREQ=YEARLY;BYMONTHDAY=1": "FREQ is given twice",
		"FREQ=YEARLY;BYMONTHDAY=1":              "YEARLY wants BYMONTH",
	} {
		if _, err := ParseRecurrence(text); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, want an error with %s", text, err, part)
		}
	}
}

func TestRecurrenceJSON(t *testing.T) {
	t.Parallel()
	type holder struct{ Rule *Recurrence }
	r := monthlyOn(20, time.November)
	data, err := json.Marshal(holder{&r})
	if want := `{"Rule":"FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=20"}`; err != nil || string(data) != want {
		t.Fatalf("%s, %v, want %s", data, err, want)
	}
	var back holder
	if err := json.Unmarshal(data, &back); err != nil || *back.Rule != r {
		t.Errorf("%v, %v, want %v", back.Rule, err, r)
	}
	if err := json.Unmarshal([]byte(`{"Rule":"FREQ=DAILY"}`), &back); err == nil {
		t.Error("an unknown series is taken")
	}
}

func BenchmarkRecurrenceBetween(b *testing.B) {
	r := monthlyOn(30)
	from := mustDate("2023-06-05")
	for b.Loop() {
		r.Between(from, from+366)
	}
}
