package web_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nhacviec/tasks"
	"nhacviec/web"
)

func TestTasksFilter(t *testing.T) {
	t.Parallel()
	_, h := newOffice(t)
	for name, c := range clients(t, h) {
		for _, tc := range []struct {
			filter web.TaskFilter
			want   string // keys, worst first
			error  string
		}{
			{filter: web.TaskFilter{}, want: "ct05/2 ct05/4 ct06/1 ct05/1 ct05/3"},
			{filter: web.TaskFilter{State: "soon"}, want: "ct05/2"},
			{filter: web.TaskFilter{State: "open", Plan: "ct06"}, want: "ct06/1"},
			{filter: web.TaskFilter{Kind: "unknown"}, want: "ct05/4"},
			{filter: web.TaskFilter{Unit: "catp"}, want: "ct05/2 ct05/4 ct05/1"},
			{filter: web.TaskFilter{Unit: "Phòng Tư pháp"}, want: "ct05/2 ct05/4 ct06/1 ct05/3"}, // through groups
			{filter: web.TaskFilter{Unit: "phong"}, want: "ct05/4 ct05/3"},
			{filter: web.TaskFilter{Search: "HO TICH"}, want: "ct05/1"},
			{filter: web.TaskFilter{Search: "nowhere"}, want: ""},
			{filter: web.TaskFilter{Review: true}, want: "ct05/4 ct06/1"},
			{filter: web.TaskFilter{State: "late"}, error: `no state is called "late"`},
			{filter: web.TaskFilter{Kind: "x"}, error: `no kind is called "x"`},
			{filter: web.TaskFilter{Plan: "ct07"}, error: `no plan is called "ct07"`},
			{filter: web.TaskFilter{Unit: "phòng tư phap"}, error: `no unit is called "phòng tư phap"`},
		} {
			views, err := c.Tasks(t.Context(), tc.filter)
			if !sameError(err, tc.error, web.ExitUsage) {
				t.Errorf("%s: %+v: error %v, want %q", name, tc.filter, err, tc.error)
			}
			keys := make([]string, len(views))
			for i, v := range views {
				keys[i] = v.Key.String()
			}
			if got := strings.Join(keys, " "); got != tc.want {
				t.Errorf("%s: %+v: got %q, want %q", name, tc.filter, got, tc.want)
			}
		}
	}
}

// sameError reports whether err is none, or an *web.Error with a text in it
// and an exit code.
func sameError(err error, text string, exit int) bool {
	var e *web.Error
	if text == "" {
		return err == nil
	}
	return errors.As(err, &e) && strings.Contains(e.Message, text) && e.Exit == exit
}

func TestFindTask(t *testing.T) {
	t.Parallel()
	o, h := newOffice(t)
	for name, c := range clients(t, h) {
		v, err := c.Task(t.Context(), tasks.Key{No: "2"})
		if err != nil || v.Key.String() != "ct05/2" {
			t.Errorf("%s: task 2 = %v, %v", name, v.Key, err)
		}
		if _, err := c.Task(t.Context(), tasks.Key{No: "1"}); !sameError(err, "several plans have a task 1: ct05, ct06", web.ExitUsage) &&
			!sameError(err, "several plans have a task 1: ct06, ct05", web.ExitUsage) {
			t.Errorf("%s: task 1 of two plans: %v", name, err)
		}
		if v, err := c.Task(t.Context(), tasks.Key{Plan: "ct06", No: "1"}); err != nil || v.Content != "Báo cáo" {
			t.Errorf("%s: task 1 of ct06 = %q, %v", name, v.Content, err)
		}
		if _, err := c.Task(t.Context(), tasks.Key{No: "9"}); !sameError(err, `no task has the number "9"`, web.ExitFailed) {
			t.Errorf("%s: task 9: %v", name, err)
		}
	}
	gone := o.tasks[tasks.Key{Plan: "ct06", No: "1"}]
	gone.Status = tasks.Cancelled
	o.tasks[gone.Key] = gone
	if v, err := web.NewClient(web.InProcess(h)).Task(t.Context(), tasks.Key{No: "1"}); err != nil || v.Plan != "ct05" {
		t.Errorf("task 1, with the other one cancelled = %v, %v", v.Key, err)
	}
}

func TestAct(t *testing.T) {
	t.Parallel()
	july := issued + 40
	for _, tc := range []struct {
		name  string
		act   web.Act
		error string
		exit  int
		state tasks.State
	}{
		{name: "done", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActDone, By: "an"}, state: "done"},
		{name: "extend", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActExtend, Date: july, Note: "CV 1"}, state: tasks.InTime},
		{name: "extend without a reason", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActExtend, Date: july, Note: " "}, error: "needs a reason", exit: web.ExitUsage},
		{name: "extend without a date", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActExtend, Note: "CV 1"}, error: "needs a date", exit: web.ExitUsage},
		{name: "done with a date", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActDone, Date: july}, error: "takes no date", exit: web.ExitUsage},
		{name: "lead", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActLead, Unit: "catp", By: "an", Note: "CV 1"}, state: tasks.Soon},
		{name: "lead by an unknown unit", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActLead, Unit: "phòng tư pháo"}, error: "no unit is called", exit: web.ExitUsage},
		{name: "lead without a unit", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActLead}, error: "no unit is called", exit: web.ExitUsage},
		{name: "edit", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActEdit, Edit: &tasks.Edit{Content: new("khác")}, By: "an"}, state: tasks.Soon},
		{name: "edit nothing", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActEdit, Edit: &tasks.Edit{}}, error: "say what the task is to say", exit: web.ExitUsage},
		{name: "done with other words", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActDone, Edit: &tasks.Edit{}}, error: "takes no other words", exit: web.ExitUsage},
		{name: "done with a unit", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActDone, Unit: "phong"}, error: "takes no unit", exit: web.ExitUsage},
		{name: "no such action", act: web.Act{Key: tasks.Key{No: "2"}, Action: "burn"}, error: "no such action", exit: web.ExitFailed},
		{name: "refused", act: web.Act{Key: tasks.Key{No: "2"}, Action: tasks.ActReopen}, error: "is open; it cannot be reopened", exit: web.ExitFailed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o, h := newOffice(t)
			before := o.tasks[tasks.Key{Plan: "ct05", No: "2"}]
			v, err := web.NewClient(web.InProcess(h)).Act(t.Context(), tc.act)
			if !sameError(err, tc.error, tc.exit) {
				t.Fatalf("error %v, want %q", err, tc.error)
			}
			if v.State != tc.state {
				t.Errorf("state %q, want %q", v.State, tc.state)
			}
			after := o.tasks[before.Key]
			if tc.error != "" && (cmp.Diff(before, after, cmp.AllowUnexported(tasks.Recurrence{})) != "" || o.writes > 0) {
				t.Errorf("a refused action wrote %d times: %+v", o.writes, after)
			}
			if tc.error == "" && (len(o.entries) != 1 || o.entries[0].By != tc.act.By || o.entries[0].Note != tc.act.Note) {
				t.Errorf("the ledger has %+v", o.entries)
			}
		})
	}
}

func TestForecastPeriod(t *testing.T) {
	t.Parallel()
	_, h := newOffice(t)
	c := web.NewClient(web.InProcess(h))
	for _, tc := range []struct {
		name        string
		first, last tasks.Date
		unit        string
		want        string // instants
		error       string
	}{
		{name: "from now for thirty days", want: "2023-06-05T07:00:00+07:00 2023-07-05T07:00:00+07:00"},
		{name: "whole days", first: issued + 1, last: issued + 1, want: "2023-06-06T00:00:00+07:00 2023-06-06T23:59:59.999999999+07:00"},
		{name: "a unit", unit: "CATP", want: "2023-06-05T07:00:00+07:00"},
		{name: "members of a group", unit: "phong", want: "2023-07-05T07:00:00+07:00"},
		{name: "backwards", first: issued + 1, last: issued, error: "before it begins"},
		{name: "too far", last: issued + 5*366 + 2, error: "five years"},
		{name: "a far day", first: issued + 300_000, last: issued + 300_001, error: "five years"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			messages, err := c.Forecast(t.Context(), tc.first, tc.last, tc.unit)
			if !sameError(err, tc.error, web.ExitUsage) {
				t.Fatalf("error %v, want %q", err, tc.error)
			}
			at := make([]string, len(messages))
			for i, m := range messages {
				at[i] = m.At.Format(time.RFC3339Nano)
			}
			if got := strings.Join(at, " "); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// TestLedger reads entries as a stream, and hears of an error in its middle.
func TestLedger(t *testing.T) {
	t.Parallel()
	o, h := newOffice(t)
	all := clients(t, h)
	read := func(c *web.Client, q web.LedgerQuery) (units []string, err error) {
		err = c.Ledger(t.Context(), q, func(e tasks.Entry) error {
			if e.Time.Format(time.RFC3339) != "2023-06-05T07:00:00+07:00" {
				t.Errorf("entry %d is of %s, not in the configured zone", e.Seq, e.Time)
			}
			units = append(units, e.Delivery.Unit)
			return nil
		})
		return units, err
	}
	for name, c := range all {
		if units, err := read(c, web.LedgerQuery{}); err != nil || len(units) != 0 {
			t.Errorf("%s: an empty ledger gave %v, %v", name, units, err)
		}
	}
	const many = 5000 // more than any buffer on the way holds
	for i := range many {
		unit := "tu-phap"
		if i == many-1 {
			unit = "cu" // a unit that the config has no more
		}
		d := tasks.Delivery{Message: tasks.Message{Recipient: tasks.Recipient{Unit: unit}}, Parts: []string{"secret text"}}
		o.entries = append(o.entries, tasks.Entry{Seq: uint64(i + 1), Time: morning.UTC(), Delivery: &d})
	}
	for name, c := range all {
		if units, err := read(c, web.LedgerQuery{}); err != nil || len(units) != many {
			t.Errorf("%s: got %d entries, %v", name, len(units), err)
		}
		if units, err := read(c, web.LedgerQuery{Unit: "cu"}); err != nil || len(units) != 1 {
			t.Errorf("%s: of a unit that is gone: %v, %v", name, units, err)
		}
		if _, err := read(c, web.LedgerQuery{Unit: "phong tu pha"}); !sameError(err, "no unit is called", web.ExitUsage) {
			t.Errorf("%s: an unknown unit: %v", name, err)
		}
		stop := errors.New("enough")
		if err := c.Ledger(t.Context(), web.LedgerQuery{}, func(tasks.Entry) error { return stop }); err == nil {
			t.Errorf("%s: the reader's own error is lost", name)
		}
	}
	o.fails = errors.New("page 7 is damaged")
	for name, c := range all {
		units, err := read(c, web.LedgerQuery{})
		if len(units) != many || !sameError(err, "page 7 is damaged", web.ExitFailed) {
			t.Errorf("%s: %d entries, then %v; want all and the error", name, len(units), err)
		}
	}
	o.entries = nil
	for name, c := range all {
		if _, err := read(c, web.LedgerQuery{}); !sameError(err, "page 7 is damaged", web.ExitFailed) {
			t.Errorf("%s: an error before the first entry: %v", name, err)
		}
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	o, h := newOffice(t)
	o.outbox = []tasks.Delivery{
		{ID: "abc", State: tasks.Failed, NextAttempt: morning.UTC(), Message: tasks.Message{At: morning.UTC(), Recipient: tasks.Recipient{Channel: tasks.Email}}, Error: "550"},
		{ID: "def", State: tasks.Retry, Message: tasks.Message{Recipient: tasks.Recipient{Channel: tasks.Email}}, Error: "421", SHA256: "ab"},
		{ID: "ghi", State: tasks.Planned, Message: tasks.Message{Recipient: tasks.Recipient{Channel: tasks.ZaloOA}}},
	}
	o.texts = map[string]string{"ab": "Kính gửi"}
	for name, c := range clients(t, h) {
		rows, err := c.Outbox(t.Context())
		if err != nil || len(rows) != 3 || rows[0].At.Format(time.RFC3339) != "2023-06-05T07:00:00+07:00" {
			t.Errorf("%s: outbox %+v, %v", name, rows, err)
		}
		for i, why := range []string{"550", "421", "no table [zalo_oa]"} {
			if !strings.Contains(rows[i].Why, why) {
				t.Errorf("%s: %s waits because %q, want %q", name, rows[i].ID, rows[i].Why, why)
			}
		}
		if life, err := c.Life(t.Context(), "def"); err != nil || len(life.Texts) != 1 || life.Texts[0].Text != "Kính gửi" {
			t.Errorf("%s: life %+v, %v", name, life, err)
		}
		if _, err := c.Resend(t.Context(), web.Resend{ID: "ghi"}); !sameError(err, "no table [zalo_oa]", web.ExitFailed) {
			t.Errorf("%s: through a channel that is gone: %v", name, err)
		}
		o.stale = "ct05/2: the task is done"
		if _, err := c.Resend(t.Context(), web.Resend{ID: "abc"}); !sameError(err, "the task is done", web.ExitFailed) {
			t.Errorf("%s: of what does not hold: %v", name, err)
		}
		o.stale = ""
		if d, err := c.Resend(t.Context(), web.Resend{ID: "abc", By: "an"}); err != nil || d.ID != "abc-2" {
			t.Errorf("%s: resend %+v, %v", name, d, err)
		}
		if out, err := c.ResendFailed(t.Context(), web.ResendFailed{By: "an"}); err != nil || len(out) != 1 || out[0].ID != "abc" || out[0].Again.ID != "abc-2" {
			t.Errorf("%s: resend what failed: %+v, %v", name, out, err)
		}
		o.stale = "ct05/2: the task is done"
		if out, err := c.ResendFailed(t.Context(), web.ResendFailed{By: "an"}); err != nil || len(out) != 1 || out[0].Again != nil || !strings.Contains(out[0].Refused, "the task is done") {
			t.Errorf("%s: resend what failed and does not hold: %+v, %v", name, out, err)
		}
		o.stale = ""
		if _, err := c.Resend(t.Context(), web.Resend{}); !sameError(err, "which delivery", web.ExitUsage) {
			t.Errorf("%s: resend of nothing: %v", name, err)
		}
		if sent, err := c.SendTest(t.Context(), web.SendTest{Channel: tasks.Email, Address: "a@example.gov.vn"}); err != nil || sent.Reply != "250 email" {
			t.Errorf("%s: test message %+v, %v", name, sent, err)
		}
		if _, err := c.SendTest(t.Context(), web.SendTest{Channel: tasks.Email, Address: "full@example.gov.vn"}); !sameError(err, "mailbox full", web.ExitFailed) {
			t.Errorf("%s: test message not delivered: %v", name, err)
		}
		if _, err := c.SendTest(t.Context(), web.SendTest{Channel: "fax", Address: "1"}); !sameError(err, `no channel is called "fax"`, web.ExitUsage) {
			t.Errorf("%s: test message by fax: %v", name, err)
		}
		var explained map[string]string
		if err := c.Explain(t.Context(), tasks.Key{No: "2"}, 0, &explained); err != nil || explained["key"] != "ct05/2" || explained["on"] != "2023-06-05" {
			t.Errorf("%s: explain %v, %v", name, explained, err)
		}
		if v, err := c.Verify(t.Context(), web.Kept{}); err != nil || !v.Intact {
			t.Errorf("%s: verify %+v, %v", name, v, err)
		}
		units, err := c.Units(t.Context())
		if err != nil || len(units) != 4 || units[1].Leads != 2 || units[0].Coordinates != 1 {
			t.Errorf("%s: units %+v, %v", name, units, err)
		}
		plans, err := c.Plans(t.Context())
		if err != nil || len(plans) != 2 || plans[0].Tasks != 4 || plans[0].Review != 1 {
			t.Errorf("%s: plans %+v, %v", name, plans, err)
		}
		if l, err := c.Library(t.Context()); err != nil || len(l.Plans) != 2 || len(l.Tasks) != 5 {
			t.Errorf("%s: library %+v, %v", name, l, err)
		}
	}
	o.broken = errors.New("entry 3 was altered")
	if v, err := web.NewClient(web.InProcess(h)).Verify(t.Context(), web.Kept{}); err != nil || v.Intact || v.Broken != "entry 3 was altered" {
		t.Errorf("verify of a broken ledger %+v, %v", v, err)
	}
}

func TestStatusAndReload(t *testing.T) {
	t.Parallel()
	o, h := newOffice(t)
	o.outbox = []tasks.Delivery{{State: tasks.Failed, Created: morning.UTC()}, {State: tasks.Retry, Created: morning.UTC()}, {State: tasks.Planned, Created: morning}}
	o.sent = []tasks.Delivery{{SentAt: morning.UTC()}, {SentAt: morning.AddDate(0, 0, -1)}}
	o.status.Late = []tasks.Late{{Channel: tasks.Email, Count: 1, Since: morning.UTC()}}
	h.Explain = func(err error) *web.Error {
		return &web.Error{Message: "explained: " + err.Error(), Exit: web.ExitConfig}
	}
	for name, c := range clients(t, h) {
		s, err := c.Status(t.Context())
		if err != nil || s.Waiting != 2 || s.Failed != 1 || s.Version != "v1.2.3" || s.Since.Format(time.RFC3339) != "2023-06-05T07:00:00+07:00" {
			t.Errorf("%s: status %+v, %v", name, s, err)
		}
		if want := (tasks.Tally{Planned: 4, Sent: 1, Waiting: 2, Failed: 1, Oldest: s.Today.Oldest}); s.Today != want || !s.Today.Oldest.Equal(morning) {
			t.Errorf("%s: today %+v, want %+v", name, s.Today, want)
		}
		if len(s.Late) != 1 || s.Late[0].Since.Format(time.RFC3339) != "2023-06-05T07:00:00+07:00" {
			t.Errorf("%s: late %+v", name, s.Late)
		}
		done, err := c.Reload(t.Context())
		if err != nil || len(done.Warnings) != 1 {
			t.Errorf("%s: reload %+v, %v", name, done, err)
		}
	}
	if o.status.Channels[0].LastSent.Location() != time.UTC || o.status.Late[0].Since.Location() != time.UTC {
		t.Error("status changed what the daemon gave")
	}
	// What another process sent today is not forgotten by a start.
	o.status.Channels = []web.ChannelStatus{{Channel: tasks.Email}, {Channel: tasks.Telegram}, {Channel: tasks.ZaloBot, LastSent: morning}}
	o.sent = nil
	for i, ch := range []tasks.Channel{tasks.Email, tasks.Email, tasks.Email, tasks.ZaloBot} {
		o.sent = append(o.sent, tasks.Delivery{Message: tasks.Message{Recipient: tasks.Recipient{Channel: ch}}, State: tasks.Delivered, SentAt: morning.Add([]time.Duration{-2, -1, -3, -1}[i] * time.Hour)})
	}
	for name, c := range clients(t, h) {
		s, err := c.Status(t.Context())
		if err != nil || !s.Channels[0].LastSent.Equal(morning.Add(-time.Hour)) || !s.Channels[1].LastSent.IsZero() || !s.Channels[2].LastSent.Equal(morning) {
			t.Errorf("%s: last sent %+v, %v", name, s.Channels, err)
		}
	}
	o.reloadError = errors.New("config.toml:3: prot: unknown key")
	c := web.NewClient(web.InProcess(h))
	if _, err := c.Reload(t.Context()); !sameError(err, "explained: config.toml:3", web.ExitConfig) {
		t.Errorf("a refused reload: %v", err)
	}
	h.Daemon = nil
	if _, err := c.Status(t.Context()); !sameError(err, "needs the daemon", web.ExitNoDaemon) {
		t.Errorf("status without a daemon: %v", err)
	}
	if _, err := c.Reload(t.Context()); !sameError(err, "needs the daemon", web.ExitNoDaemon) {
		t.Errorf("reload without a daemon: %v", err)
	}
}

// TestHostileRequests sends raw requests through a real socket. None may
// change anything, and each is answered with an Error in JSON, or by net/http
// itself before the handler sees it.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	post := func(path, body string) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
	}
	huge := strings.Repeat("x", 65<<10)
	for _, tc := range []struct {
		name, request string
		status        int
		body          string // part of it
	}{
		{"unknown path", "GET /v2/tasks HTTP/1.1\r\nHost: x\r\n\r\n", 404, "no such path"},
		{"path with junk", "GET /v1/../v1//tasks HTTP/1.1\r\nHost: x\r\n\r\n", 404, "no such path"},
		{"path with escapes", "GET /v1/%2e%2e%2fetc%2fpasswd%00 HTTP/1.1\r\nHost: x\r\n\r\n", 404, "no such path"},
		{"a change by GET", "GET /v1/resend?id=abc HTTP/1.1\r\nHost: x\r\n\r\n", 405, "takes POST, not GET"},
		{"a reload by GET", "GET /v1/reload HTTP/1.1\r\nHost: x\r\n\r\n", 405, "takes POST"},
		{"another method", "DELETE /v1/task HTTP/1.1\r\nHost: x\r\n\r\n", 405, "takes GET or POST, not DELETE"},
		{"unknown parameter", "GET /v1/tasks?status=open HTTP/1.1\r\nHost: x\r\n\r\n", 400, `unknown parameter \"status\"`},
		{"parameter twice", "GET /v1/tasks?plan=a&plan=b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "is given 2 times"},
		{"broken query", "GET /v1/tasks?plan=%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "query is malformed"},
		{"a date that is none", "GET /v1/forecast?from=2023-02-30 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "from: "},
		{"unknown field", post("/v1/task", `{"plan":"ct05","no":2,"action":"done","sudo":true}`), 400, "unknown field"},
		{"wrong type", post("/v1/task", `{"plan":"ct05","no":[2],"action":"done"}`), 400, "is not a task number"},
		{"no JSON", post("/v1/task", `done`), 400, "not what is expected"},
		{"nothing", post("/v1/task", ``), 400, "not what is expected"},
		{"two objects", post("/v1/task", `{"no":2,"action":"done"}{"no":3,"action":"done"}`), 400, "something follows"},
		{"junk behind the object", post("/v1/task", `{"no":2,"action":"done"} x`), 400, "not what is expected"},
		{"deep nesting", post("/v1/reload", strings.Repeat("[", 20000)), 400, "not what is expected"},
		{"huge body", post("/v1/task", `{"no":2,"action":"done","note":"`+huge+`"}`), 413, "too large"},
		{"a form, as a browser sends it", "POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415, "not application/json"},
		{"huge header", "GET /v1/tasks HTTP/1.1\r\nHost: x\r\nX: " + huge + "\r\n\r\n", 431, ""},
		{"two lengths", "POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 20\r\n\r\n{}", 400, ""},
		{"no HTTP", "\x16\x03\x01 hello\r\n\r\n", 400, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			o, h := newOffice(t)
			conn, err := net.Dial("unix", listen(t, h))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			request := strings.Replace(tc.request, "Host: x\r\n", "Host: x\r\nConnection: close\r\n", 1)
			if _, err := io.WriteString(conn, request); err != nil && tc.status < 413 {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(conn)
			if err != nil && len(answer) == 0 {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("HTTP/1.1 %d ", tc.status); !strings.HasPrefix(string(answer), want) {
				t.Errorf("answer %.200q, want %q", answer, want)
			}
			if !strings.Contains(string(answer), tc.body) || tc.body != "" && !strings.Contains(string(answer), `{"error":"`) {
				t.Errorf("answer %.300q, want an error with %q", answer, tc.body)
			}
			if o.writes != 0 {
				t.Error("the request changed something")
			}
		})
	}
}

// brokenBody ends like a connection that breaks.
type brokenBody struct{ io.Reader }

func (b brokenBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// TestGETChangesNothing asks every path by GET and sees nothing written.
func TestGETChangesNothing(t *testing.T) {
	t.Parallel()
	o, h := newOffice(t)
	client := &http.Client{Transport: web.InProcess(h)}
	asked := 0
	for _, path := range []string{"version", "plans", "units", "tasks", "library", "forecast", "explain?no=2", "ledger", "verify", "outbox", "status", "task?no=2", "unresolved", "export?plan=ct05",
		"import", "resend", "resend-failed", "send-test", "reload"} {
		answer, err := client.Get("http://nhacviec/v1/" + path)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode == http.StatusOK {
			asked++
		}
		answer.Body.Close()
	}
	if asked != 14 || o.writes != 0 {
		t.Errorf("%d paths answered GET, want 14; %d writes, want 0", asked, o.writes)
	}
}
