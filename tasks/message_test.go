package tasks

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStepMark(t *testing.T) {
	t.Parallel()
	due := day(t, "2023-07-15")
	for name, want := range map[string]Mark{
		StepBefore(14):      {SentKey{Series: "2023-07-15"}, -14},
		StepBefore(0):       {SentKey{Series: "2023-07-15"}, 0},
		StepOverdue(1):      {SentKey{Series: "2023-07-15"}, 1},
		StepOverdue(365):    {SentKey{Series: "2023-07-15"}, 365},
		StepProgress(due):   {SentKey{Series: "progress"}, 202307},
		StepDateWanted(due): {SentKey{Series: "date-wanted"}, 202307},
	} {
		series, rank, ok := Step{Name: name, Due: due}.Mark()
		if series != want.Series || rank != want.Rank || !ok {
			t.Errorf("%s marks %q, %d, %v, want %q, %d", name, series, rank, ok, want.Series, want.Rank)
		}
	}
	for _, name := range []string{"", "T-", "T-x", "T--3", "T-+3", "overdue+", "overdue+-1", "overdue-1", "progress", "progress 2023", "progress 2023-13", "review 2023-07", "progress  2023-07"} {
		if series, rank, ok := (Step{Name: name, Due: due}).Mark(); ok {
			t.Errorf("%q is no step, and marks %q, %d", name, series, rank)
		}
	}
}

// at is half past seven in the morning of 30 June 2023.
var at = time.Date(2023, 6, 30, 7, 30, 0, 0, time.FixedZone("+07", 7*3600))

func reminder(t testing.TB) Message {
	t.Helper()
	left := 15
	return Message{
		Kind:      Reminder,
		At:        at,
		Recipient: Recipient{Email, "tu-phap", "tuphap@example.gov.vn"},
		Steps: []Step{
			{Rule: "sap-den-han", Key: Key{"ct05", "21"}, Name: "T-14", Due: day(t, "2023-07-15"), DaysLeft: &left, Version: 1},
			{Rule: "thuong-xuyen", Key: Key{"ct05", "3"}, Name: "progress 2023-06", Version: 1},
		},
	}
}

// The id of a message is the key of what is stored and the Message-ID of what
// was sent: if this test fails, messages are sent twice after an upgrade.
func TestMessageIDsNeverChange(t *testing.T) {
	t.Parallel()
	r := reminder(t)
	review := Message{Kind: ReviewNotice, At: at, Recipient: Recipient{Email, "van-phong", "vp@example.gov.vn"},
		Review: []ReviewItem{{Key: Key{"ct05", "25"}, Version: 1, Reason: DeadlineInContent, Detail: "tháng 3/2023"}}}
	failure := Message{Kind: FailureNotice, At: at, Recipient: Recipient{Email, "van-phong", "vp@example.gov.vn"},
		Failures: []Failure{{ID: "abc", Recipient: Recipient{Telegram, "vhtt", "-1001"}, At: at, Cause: "chat not found"}}}
	report := Message{Kind: WeeklyReport, At: at, Recipient: Recipient{Email, "van-phong", "vp@example.gov.vn"}}
	for name, c := range map[string]struct {
		m    Message
		want string
	}{
		"reminder": {r, "qlqm5etedacxu3eoqw4dlwjw2f"},
		"review":   {review, "tcjqkfjwilj5em7szdjzwu55d4"},
		"failure":  {failure, "kzxgjhaql2bkdhcyzs5g55fypo"},
		"report":   {report, "qxk6jklsyab2pk4clnapqkccop"},
	} {
		if got := c.m.ID(); got != c.want {
			t.Errorf("the id of the %s is %q, want %q", name, got, c.want)
		}
	}
}

func TestMessageIDTellsMessagesApart(t *testing.T) {
	t.Parallel()
	same := reminder(t)
	same.At = at.UTC()
	same.Steps[0].Rule = "another"
	same.Steps[0].DaysLeft = nil
	if same.ID() != reminder(t).ID() {
		t.Error("the zone, the rule and the days left are part of the id")
	}
	seen := map[string]string{reminder(t).ID(): "nothing"}
	for name, change := range map[string]func(*Message){
		"kind":     func(m *Message) { m.Kind = WeeklyReport },
		"instant":  func(m *Message) { m.At = at.Add(time.Second) },
		"channel":  func(m *Message) { m.Channel = Telegram },
		"unit":     func(m *Message) { m.Unit = "vhtt" },
		"address":  func(m *Message) { m.Address = "other@example.gov.vn" },
		"plan":     func(m *Message) { m.Steps[0].Plan = "ct06" },
		"number":   func(m *Message) { m.Steps[0].No = "22" },
		"step":     func(m *Message) { m.Steps[0].Name = "T-7" },
		"due":      func(m *Message) { m.Steps[0].Due++ },
		"version":  func(m *Message) { m.Steps[0].Version = 2 },
		"one step": func(m *Message) { m.Steps = m.Steps[:1] },
	} {
		m := reminder(t)
		change(&m)
		id := m.ID()
		if len(id) != 26 || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") != "" {
			t.Errorf("%q is not 26 characters of lower-case base32", id)
		}
		if other, taken := seen[id]; taken {
			t.Errorf("another %s and another %s have one id", name, other)
		}
		seen[id] = name
	}
}

func TestSentNeverGoesBack(t *testing.T) {
	t.Parallel()
	sent := Sent{}
	m := reminder(t)
	key := SentKey{Key{"ct05", "21"}, 1, "2023-07-15", m.Recipient}
	for _, c := range []struct {
		step string
		want int
	}{{"T-14", -14}, {"T-7", -7}, {"T-14", -7}, {"overdue+8", 8}, {"T-0", 8}} {
		m.Steps[0].Name = c.step
		sent.Add(m)
		if got, ok := sent[key]; got != c.want || !ok {
			t.Errorf("after %s: told as far as %d, %v, want %d", c.step, got, ok, c.want)
		}
	}
	if got := sent[SentKey{Key{"ct05", "3"}, 1, "progress", m.Recipient}]; got != 202306 {
		t.Errorf("progress is told as far as %d", got)
	}
	m.Review = []ReviewItem{{Key: Key{"ct05", "25"}, Version: 1, Reason: DeadlineInContent, Detail: "tháng 3/2023"}}
	sent.Add(m)
	if _, told := sent[m.Review[0].Mark(m.Recipient).SentKey]; !told {
		t.Error("a review item that was told is not in the sent set")
	}
}

func TestPublicIsTheContract(t *testing.T) {
	t.Parallel()
	m := reminder(t)
	m.Review = []ReviewItem{{Reason: DeadlinePast}}
	m.Failures = []Failure{{Cause: "x"}}
	b, err := json.Marshal(m.Public())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"kind":"reminder","at":"2023-06-30T07:30:00+07:00","channel":"email","unit":"tu-phap","address":"tuphap@example.gov.vn",` +
		`"steps":[{"rule":"sap-den-han","plan":"ct05","no":21,"step":"T-14","due":"2023-07-15","days_left":15},` +
		`{"rule":"thuong-xuyen","plan":"ct05","no":3,"step":"progress 2023-06","due":null,"days_left":null}]}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("a message in JSON (-want +got):\n%s", diff)
	}
	if m.Steps[0].Version != 1 || len(m.Review) != 1 {
		t.Error("Public changed the message it was given")
	}
	b, err = json.Marshal(Message{Kind: WeeklyReport, At: at, Recipient: m.Recipient}.Public())
	if want := `{"kind":"report","at":"2023-06-30T07:30:00+07:00","channel":"email","unit":"tu-phap","address":"tuphap@example.gov.vn"}`; err != nil || string(b) != want {
		t.Errorf("a report in JSON = %s, %v", b, err)
	}
}
