package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"nhacviec/notify/notifytest"
	"nhacviec/scheduler"
	"nhacviec/tasks"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// startDemo returns a demo that is closed when the test ends.
func startDemo(t testing.TB, o demoOptions) *demo {
	t.Helper()
	o.From = max(o.From, demoDay)
	d, err := newDemo(t.Context(), o, quiet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// TestDemoImportLimits: a plan that the config's [import] refuses is refused by
// the demo too, and read without that config.
func TestDemoImportLimits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config, plan := filepath.Join(dir, "config.toml"), filepath.Join(dir, "ke-hoach.csv")
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string]string{
		config: strings.Replace(string(text), "= 50000 ", "= 2 ", 1),
		plan:   "STT;Nội dung;Đơn vị chủ trì;Thời hạn\n1;a;Công an thành phố;Tháng 7/2023\n2;b;Công an thành phố;Tháng 8/2023\n3;c;Công an thành phố;Tháng 9/2023\n",
	} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, err = newDemo(t.Context(), demoOptions{Config: config, Plan: plan, From: demoDay}, quiet)
	if err == nil || !strings.Contains(err.Error(), "more than 2 rows") {
		t.Errorf("with the config: %v", err)
	}
	startDemo(t, demoOptions{Plan: plan})
}

func day(t testing.TB, text string) tasks.Date {
	t.Helper()
	d, err := tasks.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// foreseen returns what scheduler.Forecast says of a demo's setup, a line each.
func foreseen(t testing.TB, config string, from, until tasks.Date) []string {
	t.Helper()
	c, err := demoConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := demoPlan(demoOptions{From: from}, c.Import)
	if err != nil {
		t.Fatal(err)
	}
	tt, err := tasks.Understand(plan.Plan, plan.Rows, c.Units, from)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	end := (until + 1).At(0, 0, c.Location).Add(-time.Nanosecond)
	for _, m := range scheduler.Forecast(tt, c.Setup, nil, from.At(0, 0, c.Location), end) {
		line, err := json.Marshal(m.Public())
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return lines
}

// demoSmallConfig is a config whose secrets exist nowhere. Its one rule fires at
// the first moment of each month, on any day.
const demoSmallConfig = `
[office]
organization = "Ủy ban nhân dân thành phố"
unit = "van-phong"

[email]
host = "mail.example.gov.vn"
username = "nhacviec"
password_file = "not-there.pass"
from = "Nhắc việc <nhacviec@example.gov.vn>"

[telegram]
token_file = "not-there.token"

[units.van-phong]
name = "Văn phòng HĐND và UBND thành phố"
email = ["vanphong@example.gov.vn"]

[units.cong-an]
name = "Công an thành phố"
telegram = ["-1001234567890"]
zalo_bot = ["no-table-no-channel"]

[rules.dau-thang]
cron = "0 0 1 * *"
tasks = ["dated", "ongoing"]
to = ["lead"]
before = [30]
on_days_off = "send"
`

func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDemoScript: what arrived is what was foreseen, entry by entry.
func TestDemoScript(t *testing.T) {
	t.Parallel()
	small := writeFile(t, "small.toml", demoSmallConfig)
	for name, tc := range map[string]struct{ config, from, until string }{
		"built in":                         {"", "2023-06-05", "2023-06-25"},
		"another config, from its fire on": {small, "2023-07-01", "2023-09-01"},
		"one day":                          {small, "2023-08-01", "2023-08-01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := []string{"demo", "--script", "--json", "--from", tc.from, "--until", tc.until}
			if tc.config != "" {
				args = append(args, "-c", tc.config)
			}
			var out, errs bytes.Buffer
			if code := run(args, strings.NewReader(""), &out, &errs); code != 0 || errs.Len() > 0 {
				t.Fatalf("exit code %d: %s", code, &errs)
			}
			want := foreseen(t, tc.config, day(t, tc.from), day(t, tc.until))
			if len(want) == 0 {
				t.Fatal("nothing is foreseen: the test shows nothing")
			}
			if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(out.String()), "\n")); diff != "" {
				t.Errorf("-foreseen +arrived:\n%s", diff)
			}
		})
	}
}

// TestDemoReachesEveryLead: each of the seed plan's 16 lead units gets mails,
// and they are whole.
func TestDemoReachesEveryLead(t *testing.T) {
	t.Parallel()
	d := startDemo(t, demoOptions{Until: day(t, "2023-06-16")})
	if err := d.script(t.Context(), func(tasks.Message) error { return nil }); err != nil {
		t.Fatal(err)
	}
	_, _, inbox := d.state()
	got := map[string]int{}
	for _, m := range inbox {
		if m.Channel == tasks.Email {
			got[m.Unit]++
			if p := m.Parts[0]; p.Subject == "" || p.HTML == "" || p.Text == "" || p.Address != m.Address {
				t.Errorf("the mail %s to %s lacks something: %+v", m.ID, m.Unit, p)
			}
		}
	}
	tt, err := d.store.Tasks("")
	if err != nil {
		t.Fatal(err)
	}
	units := d.daemon.loop.Setup().Units
	leads := map[string]bool{}
	for _, task := range tt {
		leads[task.Lead.Text] = true
		for _, u := range units.Audience(task.Lead.Code) {
			if got[u.Code] == 0 {
				t.Errorf("%s leads task %s and got no mail", u.Name, task.No)
			}
		}
	}
	if len(leads) != 16 {
		t.Errorf("the seed plan has %d lead units here, want 16", len(leads))
	}
	if _, err := d.store.Verify(); err != nil {
		t.Error(err)
	}
}

// TestDemoLeavesNothing looks at the folder for temporary files during and
// after runs that end in every way.
func TestDemoLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	entries := func() (names []string) {
		t.Helper()
		list, err := os.ReadDir(temp)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			names = append(names, e.Name())
		}
		return names
	}
	d, err := newDemo(t.Context(), demoOptions{From: demoDay}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if got := entries(); len(got) != 1 || filepath.Join(temp, got[0]) != d.folder {
		t.Errorf("a running demo keeps %q, want %s alone", got, d.folder)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	err = d.script(ctx, func(tasks.Message) error { interrupt(); return nil })
	if err != context.Canceled {
		t.Errorf("an interrupted script ends with %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if code := run([]string{"demo", "--script", "--until", "05/06/2023"}, strings.NewReader(""), io.Discard, io.Discard); code != 0 {
		t.Errorf("a script ends with exit code %d", code)
	}
	if code := run([]string{"demo", "--script", "--plan", filepath.Join(t.TempDir(), "none.md")}, strings.NewReader(""), io.Discard, io.Discard); code != 1 {
		t.Errorf("a plan that is not there ends with exit code %d", code)
	}
	if got := entries(); len(got) > 0 {
		t.Errorf("left behind: %q", got)
	}
}

// TestDemoRetries: the clock stops where a message is tried again.
func TestDemoRetries(t *testing.T) {
	t.Parallel()
	d := startDemo(t, demoOptions{Until: demoDay})
	d.ends.smtp.Inject(notifytest.SMTPFault{Step: "rcpt", Reply: "450 4.2.1 come back later"})
	first, err := d.nextMessage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fire := demoDay.At(7, 30, d.now().Location())
	if now := d.now(); !now.Equal(fire) {
		t.Fatalf("the first messages come at %s, want %s", now, fire)
	}
	again, err := d.nextMessage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if later := d.now().Sub(fire); later < 20*time.Second || later > time.Minute || len(again) != 1 {
		t.Errorf("after %s came %d messages, want the one that was refused, in about half a minute", later, len(again))
	}
	if want := foreseen(t, "", demoDay, demoDay); len(first)+len(again) != len(want) {
		t.Errorf("%d messages arrived, want %d", len(first)+len(again), len(want))
	}
}

// liar says that it sent what it did not.
type liar struct{}

func (liar) Send(context.Context, tasks.Outgoing) (tasks.Receipt, error) {
	return tasks.Receipt{Reply: "250 OK"}, nil
}

// TestDemoBelievesFarEnds: the ledger's word alone is not enough.
func TestDemoBelievesFarEnds(t *testing.T) {
	t.Parallel()
	d := startDemo(t, demoOptions{})
	d.daemon.deliverer.Use(map[tasks.Channel]scheduler.Lane{tasks.Email: {Sender: liar{}, Workers: 1}})
	if got, err := d.nextMessage(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing arrived") {
		t.Errorf("got %d messages and the error %v", len(got), err)
	}
}

// TestDemoPlay: a day takes three seconds, unless it is paused, and time ends
// with the last day.
func TestDemoPlay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2023, 6, 5, 0, 0, 0, 0, time.UTC)
		d := &demo{end: start.AddDate(0, 0, 2)}
		d.clock.Store(&start)
		var paused atomic.Bool
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- d.play(ctx, paused.Load) }()
		after := func(wait time.Duration, want time.Time) {
			t.Helper()
			time.Sleep(wait) // of the bubble's own clock
			synctest.Wait()
			if got := d.now(); !got.Equal(want) {
				t.Errorf("it is %s, want %s", got, want)
			}
		}
		after(3*time.Second, start.AddDate(0, 0, 1))
		paused.Store(true)
		after(time.Minute, start.AddDate(0, 0, 1))
		paused.Store(false)
		after(time.Minute, d.end)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestDemoConfig(t *testing.T) {
	t.Parallel()
	t.Run("the built-in one is the example", func(t *testing.T) {
		t.Parallel()
		want, err := os.ReadFile("../../config.example.toml")
		if err != nil {
			t.Fatal(err)
		}
		got, err := demoFiles.ReadFile("demo/" + demoConfigFile)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got) {
			t.Error("copy config.example.toml into cmd/nhacviec/demo again")
		}
	})
	for name, tc := range map[string]struct {
		replace [2]string
		want    []tasks.Channel
	}{
		"channels that have a table": {want: []tasks.Channel{tasks.Email, tasks.Telegram}},
		"all when none has":          {[2]string{demoSmallConfig[strings.Index(demoSmallConfig, "[email]"):strings.Index(demoSmallConfig, "[units")], ""}, tasks.Channels},
		"a wrong server is nobody's": {[2]string{`"mail.example.gov.vn"`, `17`}, []tasks.Channel{tasks.Email, tasks.Telegram}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := demoSmallConfig
			if tc.replace[0] != "" {
				text = strings.Replace(demoSmallConfig, tc.replace[0], tc.replace[1], 1)
			}
			c, err := demoConfig(writeFile(t, "c.toml", text))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(c.Setup.Channels, tc.want) {
				t.Errorf("channels %q, want %q", c.Setup.Channels, tc.want)
			}
		})
	}
	t.Run("as strict as ever", func(t *testing.T) {
		t.Parallel()
		path := writeFile(t, "c.toml", strings.Replace(demoSmallConfig, "before = [30]", "befor = [30]", 1))
		_, err := demoConfig(path)
		if err == nil || !strings.Contains(err.Error(), path+":28: rules.dau-thang.befor: unknown key") {
			t.Errorf("got the error %v", err)
		}
	})
}

func TestDemoUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"demo", "--until", "2023-06-04"},
		{"demo", "--listen", "0.0.0.0:0"},
		{"demo", "--listen", "127.0.0.1"},
		{"demo", "--from", "31/06/2023"},
		{"demo", "ke-hoach.md"},
	} {
		var out, errs bytes.Buffer
		if code := run(args, strings.NewReader(""), &out, &errs); code != 64 || out.Len() > 0 {
			t.Errorf("%q: exit code %d, output %q, errors %q", args, code, &out, &errs)
		}
	}
}

func BenchmarkDemoScript(b *testing.B) {
	for b.Loop() {
		var out, errs bytes.Buffer
		if code := run([]string{"demo", "--script", "--json", "--until", "2023-12-31"}, strings.NewReader(""), &out, &errs); code != 0 {
			b.Fatalf("exit code %d: %s", code, &errs)
		}
		b.ReportMetric(float64(bytes.Count(out.Bytes(), []byte("\n"))), "messages/op")
	}
}
