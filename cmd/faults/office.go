//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"nhacviec/tasks"
)

// office is one installation: a directory with a config, secrets and a plan,
// and the far ends it sends to.
type office struct {
	*recorder
	*ends
	lab     *lab
	dir     string
	binary  string        // the one that its daemon and verbs run
	config  string        // path of the config file
	text    string        // of the config file
	offset  time.Duration // of its time zone
	lastLog string        // of the last daemon that did not end as it should
	uid     int           // the user that the program runs as; 0: ours
}

// plan says what an office has to send: so many messages of each channel, each
// to an address of its own, all due at once.
type plan struct {
	messages    map[tasks.Channel]int
	connections int           // to the mail server; 0: 8
	perMinute   int           // mails; 0: 6000
	latency     time.Duration // of every far end
}

// perUnit is how many addresses of one channel a unit has.
const perUnit = 10

const officeMail = "van-phong@example.gov.vn"

// open makes an office in a directory of its own and imports its plan.
func (l *lab) open(ctx context.Context, name, binary string, p plan) (*office, error) {
	o, err := l.found(name, binary, p)
	if err != nil {
		return nil, err
	}
	if err := o.importPlan(ctx); err != nil {
		return nil, errors.Join(err, o.ends.close())
	}
	return o, nil
}

func (o *office) importPlan(ctx context.Context) error {
	_, err := o.ask(ctx, o.importArgs()...)
	return err
}

func (o *office) importArgs() []string {
	return []string{"import", filepath.Join(o.dir, "plan.md"), "--plan", "kh", "--issued", o.today().String()}
}

// found makes an office that has no store yet.
func (l *lab) found(name, binary string, p plan) (*office, error) {
	dir, err := os.MkdirTemp(l.dir, name+"-")
	if err != nil {
		return nil, err
	}
	o := &office{recorder: newRecorder(), lab: l, dir: dir, binary: binary, config: filepath.Join(dir, "config.toml")}
	if o.ends, err = openEnds(o.recorder); err != nil {
		return nil, err
	}
	o.setLatency(p.latency)
	plan := o.furnish(p)
	for name, text := range map[string]string{"config.toml": o.text, "plan.md": plan, "telegram.token": telegramToken, "zalo.token": zaloToken} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, errors.Join(err, o.ends.close())
		}
	}
	return o, nil
}

// zone returns a time zone in which it is about ten in the morning: over
// midnight messages would turn into others while they are counted.
func zone(now time.Time) (name string, offset time.Duration) {
	hours := (10 - now.UTC().Hour() + 24) % 24
	if hours > 14 {
		hours -= 24
	}
	return fmt.Sprintf("Etc/GMT%+d", -hours), time.Duration(hours) * time.Hour // such names count westward
}

// today is the date in the office's zone.
func (o *office) today() tasks.Date { return tasks.DateOf(time.Now().UTC().Add(o.offset)) }

// furnish writes the config and returns the plan. A unit has its addresses and
// leads one task, so that the plan makes exactly one message an address.
func (o *office) furnish(p plan) (planText string) {
	var config, plan strings.Builder
	if p.connections == 0 {
		p.connections = 8
	}
	if p.perMinute == 0 {
		p.perMinute = 6000
	}
	name, offset := zone(time.Now())
	o.offset = offset
	fmt.Fprintf(&config, officeConfig, name, o.mail.Port(), p.perMinute, p.connections, o.telegram.URL(), o.zalo.URL(), officeMail)
	plan.WriteString("| STT | Nội dung | Đơn vị chủ trì | Thời hạn |\n|---|---|---|---|\n")
	due := o.today() + 3
	left := map[tasks.Channel]int{}
	for ch, n := range p.messages {
		left[ch] = n
	}
	for unit := 1; left[tasks.Email]+left[tasks.Telegram]+left[tasks.ZaloBot] > 0; unit++ {
		fmt.Fprintf(&config, "\n[units.dv-%d]\nname = \"Phòng số %d\"\n", unit, unit)
		for _, ch := range []tasks.Channel{tasks.Email, tasks.Telegram, tasks.ZaloBot} {
			var addresses []string
			for i := range min(left[ch], perUnit) {
				address := newAddress(ch, unit, i)
				addresses = append(addresses, fmt.Sprintf("%q", address))
				o.expect(target{ch, address}, marker(unit))
			}
			left[ch] -= len(addresses)
			fmt.Fprintf(&config, "%s = [%s]\n", ch, strings.Join(addresses, ", "))
		}
		fmt.Fprintf(&plan, "| %d | Báo cáo kết quả %s | Phòng số %d | Trước ngày %s |\n", unit, marker(unit), unit, due.Day())
	}
	o.text = config.String()
	return plan.String()
}

// marker stands in a task's text, so that its message is known by it.
func marker(unit int) string { return fmt.Sprintf("mã-%06d", unit) }

func newAddress(ch tasks.Channel, unit, i int) string {
	switch ch {
	case tasks.Email:
		return fmt.Sprintf("u%d-%d@example.gov.vn", unit, i)
	case tasks.Telegram:
		return fmt.Sprintf("-100%06d%02d", unit, i)
	}
	return fmt.Sprintf("zalo%06d%02d", unit, i)
}

const officeConfig = `timezone = "%s"
data_dir = "data"
socket = "s"

[office]
organization = "Ủy ban nhân dân thành phố"
unit = "van-phong"
review = "0 0 1 1 *"
report = "0 0 1 1 *"

[email]
host = "127.0.0.1"
port = %d
tls = "none"
from = "Nhắc việc <nhacviec@example.gov.vn>"
per_minute = %d
connections = %d

[telegram]
token_file = "telegram.token"
api_url = "%s"

[zalo_bot]
token_file = "zalo.token"
api_url = "%s"

[calendar]
quiet = []

[rules.ngay]
cron = "@every 1s"
tasks = ["dated"]
to = ["lead"]
before = [3]
on_days_off = "send"

[units.van-phong]
name = "Văn phòng"
email = ["%s"]
`

// verb runs a verb of the program to its end.
func (o *office) verb(ctx context.Context, args ...string) (stdout, stderr string, exit int, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, o.binary, append(args, "-c", o.config)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.SysProcAttr = o.attributes()
	err = cmd.Run()
	o.lab.spent.add(cmd.ProcessState)
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.Exited() {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("nhacviec %s: %w: %s", args[0], err, errs.String())
	}
	o.hear(errs.Bytes())
	return out.String(), errs.String(), cmd.ProcessState.ExitCode(), err
}

// ask runs a verb that must succeed and returns what it prints.
func (o *office) ask(ctx context.Context, args ...string) (string, error) {
	stdout, stderr, exit, err := o.verb(ctx, args...)
	if err == nil && exit != 0 {
		err = fmt.Errorf("nhacviec %s: exit %d: %s", strings.Join(args, " "), exit, stderr)
	}
	return stdout, err
}

// askJSON runs a verb with --json into v.
func (o *office) askJSON(ctx context.Context, v any, args ...string) error {
	text, err := o.ask(ctx, append(args, "--json")...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return fmt.Errorf("nhacviec %s --json: %w", args[0], err)
	}
	return nil
}

// storePath is where the daemon keeps its store.
func (o *office) storePath() string { return filepath.Join(o.dir, "data", "nhacviec.db") }
