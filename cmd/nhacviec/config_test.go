package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nhacviec/tasks"
)

var updateConfig = flag.Bool("update-config", false, "write what LoadConfig says of testdata/config/*.toml beside them")

// canary stands in every secret file, and in the configs wherever somebody
// might put a secret by mistake. No message may hold it.
const canary = "CANARY"

// configDir returns a directory with a config and with the secret files that
// the configs of testdata name.
func configDir(t testing.TB, config []byte) (path string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"smtp.pass", "telegram.token", "zalo-bot.token", "zalo-oa.secret", "zalo-oa.refresh"} {
		write(name, "123456:"+canary+"\r\n", 0o600)
	}
	write("no-token", canary+"\n", 0o600)
	write("plain-url", "http://watch.example.vn/"+canary+"\n", 0o600)
	write("empty", "\n", 0o600)
	write("two-lines", canary+"\n"+canary+"\n", 0o600)
	write("world-readable", canary+"\n", 0o644)
	write("group-readable", canary+"\n", 0o640)
	write("config.toml", string(config), 0o644)
	return filepath.Join(dir, "config.toml")
}

// TestLoadConfigProblems reads testdata/config/*.toml, each named after what
// is wrong with it, and compares with the text beside it: problems, or
// warnings.
func TestLoadConfigProblems(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/config/*.toml")
	if err != nil || len(files) < 30 {
		t.Fatalf("found only %d configs (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".toml"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			path := configDir(t, data)
			got := strings.ReplaceAll(report(LoadConfig(path)), filepath.Dir(path)+"/", "")
			if strings.Contains(got, canary) || strings.Contains(got, "hunter") {
				t.Errorf("a secret is shown:\n%s", got)
			}
			golden := strings.TrimSuffix(file, ".toml") + ".txt"
			if *updateConfig {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// report returns what LoadConfig says, one line each.
func report(c *Config, err error) string {
	if err != nil {
		return err.Error() + "\n"
	}
	var b strings.Builder
	for _, w := range c.Warnings {
		b.WriteString("warning: " + w.String() + "\n")
	}
	return b.String()
}

// load loads a config that has the secret files beside it.
func load(t testing.TB, config string) (*Config, error) {
	t.Helper()
	return LoadConfig(configDir(t, []byte(config)))
}

const smallConfig = `
[office]
organization = "Ủy ban nhân dân thành phố"
unit = "van-phong"
[units.van-phong]
name = "Văn phòng"
email = ["vanphong@example.gov.vn"]
`

func TestLoadConfigDefaults(t *testing.T) {
	t.Parallel()
	c, err := load(t, smallConfig+`
[email]
host = "mail.example.gov.vn"
from = "nhacviec@example.gov.vn"
[rules.han]
cron = "30 7 * * 7"
tasks = ["dated"]
to = ["lead", "van-phong"]
before = [7, 0]
on_days_off = "send"
`)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Location.String(); got != "Asia/Ho_Chi_Minh" {
		t.Errorf("location %s", got)
	}
	if c.DataDir != "/var/lib/nhacviec" || c.Socket != "/run/nhacviec/control.sock" {
		t.Errorf("data_dir %s, socket %s", c.DataDir, c.Socket)
	}
	if want := (BackupConfig{Keep: 7, At: 120, Dir: "/var/lib/nhacviec/backup"}); c.Backup != want || c.Watch.Reveal() != "" {
		t.Errorf("backup %+v, want %+v; watch %q", c.Backup, want, c.Watch.Reveal())
	}
	if c.Email == nil || c.Telegram != nil || c.ZaloBot != nil || c.ZaloOA != nil {
		t.Errorf("channels %v %v %v %v", c.Email, c.Telegram, c.ZaloBot, c.ZaloOA)
	}
	if c.Email.TLS != "starttls" || c.Email.Connections != 2 || c.EmailPerMinute != 60 {
		t.Errorf("email %+v, %d a minute", c.Email, c.EmailPerMinute)
	}
	var rules []string
	for _, r := range c.Setup.Rules {
		rules = append(rules, fmt.Sprintf("%s %q %v to %v before %v through %v any day %t message %q", r.Name, r.Cron, r.Tasks, r.To, r.Before, r.Channels, r.AnyDay, r.Message))
		if r.Schedule == nil {
			t.Errorf("rule %s has no schedule", r.Name)
		}
	}
	want := []string{
		`han "30 7 * * 7" [dated] to [lead van-phong] before [7 0] through [email] any day true message ""`,
		`office.review "30 7 * * MON-FRI" [] to [office] before [] through [email] any day false message "review"`,
		`office.report "30 16 * * FRI" [] to [office] before [] through [email] any day false message "report"`,
	}
	if diff := cmp.Diff(want, rules); diff != "" {
		t.Errorf("rules: -want +got:\n%s", diff)
	}
	cal := c.Setup.Calendar
	if cal.Workdays != [7]bool{false, true, true, true, true, true, false} || cal.QuietFrom != cal.QuietTo || cal.Location != c.Location {
		t.Errorf("calendar %+v", cal)
	}
	if c.Setup.Hash != c.Hash || c.Setup.Units != c.Units || c.Setup.Office != c.Office {
		t.Errorf("setup %+v does not agree with the config", c.Setup)
	}
}

func TestLoadConfigValues(t *testing.T) {
	t.Parallel()
	c, err := load(t, `
timezone = "America/New_York"
data_dir = "data"
socket = "./nv.sock"
[office]
organization = "  Ủy ban   nhân dân "
unit = "van-phong"
review = "0 8 * * *"
[email]
host = "localhost"
port = 2525
tls = "none"
from = "Nhắc việc <nhacviec@example.gov.vn>"
per_minute = 30
connections = 4
[telegram]
token_file = "telegram.token"
api_url = "http://127.0.0.1:8081"
proxy = "socks5://127.0.0.1:1080"
[calendar]
workdays = ["sat", "sun"]
holidays = ["2/9/2023"]
make_up_days = ["04/09/2023"]
quiet = ["18:00", "07:05"]
[units.van-phong]
name = "Va`+"\u0306"+`n phòng"
aliases = ["VP "]
head = "Chánh  Văn phòng"
email = ["vanphong@example.gov.vn"]
telegram = ["-1001234567890:12"]
superior = "a"
[units.a]
name = "A"
email = ["a@example.gov.vn"]
[units.0-nhom]
name = "Nhóm"
members = ["a"]
`)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(c.DataDir)
	if filepath.Base(c.DataDir) != "data" || c.Socket != filepath.Join(dir, "nv.sock") || !filepath.IsAbs(dir) {
		t.Errorf("data_dir %s, socket %s", c.DataDir, c.Socket)
	}
	if c.Email.Host != "localhost" || c.Email.Port != 2525 || c.Email.TLS != "none" || c.Email.Connections != 4 || c.EmailPerMinute != 30 {
		t.Errorf("email %+v", c.Email)
	}
	if got := c.Telegram.Token.Reveal(); got != "123456:"+canary {
		t.Errorf("the token is %q", got)
	}
	if strings.Contains(fmt.Sprintf("%+v %#v", c, c.Telegram), canary) {
		t.Error("a printed config shows a secret")
	}
	wantUnits := []tasks.Unit{
		{Code: "van-phong", Name: "Văn phòng", Aliases: []string{"VP"}, Head: "Chánh Văn phòng", Superior: "a",
			Addresses: map[tasks.Channel][]string{tasks.Email: {"vanphong@example.gov.vn"}, tasks.Telegram: {"-1001234567890:12"}}},
		{Code: "a", Name: "A", Addresses: map[tasks.Channel][]string{tasks.Email: {"a@example.gov.vn"}}},
		{Code: "0-nhom", Name: "Nhóm", Members: []string{"a"}, Addresses: map[tasks.Channel][]string{}},
	}
	if diff := cmp.Diff(wantUnits, c.Units.Units()); diff != "" {
		t.Errorf("units: -want +got:\n%s", diff)
	}
	cal := c.Setup.Calendar
	day := func(s string) tasks.Date {
		d, err := tasks.ParseDay(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if !cal.Workdays[time.Sunday] || cal.Workdays[time.Monday] || !cal.Holidays[day("02/09/2023")] || !cal.MakeUpDays[day("04/09/2023")] ||
		cal.QuietFrom != 18*60 || cal.QuietTo != 7*60+5 || cal.Location.String() != "America/New_York" {
		t.Errorf("calendar %+v", cal)
	}
	if got := c.Office.Organization; got != "Ủy ban nhân dân" {
		t.Errorf("organization %q", got)
	}
}

// The hash tells configs apart, but not the ways editors end their lines.
func TestLoadConfigHash(t *testing.T) {
	t.Parallel()
	hash := func(text string) string {
		t.Helper()
		c, err := load(t, text)
		if err != nil {
			t.Fatal(err)
		}
		return c.Hash
	}
	plain := hash(smallConfig)
	if len(plain) != 64 {
		t.Errorf("%q is not the hex of 32 bytes", plain)
	}
	if got := hash("\ufeff" + strings.ReplaceAll(smallConfig, "\n", "\r\n")); got != plain {
		t.Error("line ends and byte order mark change the hash")
	}
	if got := hash(smallConfig + "#"); got == plain {
		t.Error("another text has the same hash")
	}
}

func TestLoadConfigUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	big := filepath.Join(dir, "big.toml")
	if err := os.WriteFile(big, []byte(strings.Repeat("#", maxConfigSize+1)), 0o644); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe.toml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	deep := filepath.Join(dir, "deep.toml")
	if err := os.WriteFile(deep, []byte("a = "+strings.Repeat("[", maxConfigSize/2)), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.toml"): ": cannot read the config: no such file or directory",
		dir:                             ": cannot read the config: not a regular file",
		pipe:                            ": cannot read the config: not a regular file",
		big:                             ": cannot read the config: larger than 1048576 bytes",
		deep:                            ":1: ",
	} {
		_, err := LoadConfig(path)
		var ce *ConfigError
		if !errors.As(err, &ce) || !strings.HasPrefix(err.Error(), path+want) {
			t.Errorf("got %v, want %s%s", err, path, want)
		}
	}
}

// With LoadCredential=smtp.pass:… systemd hands over what is not in the
// config's directory, or what is but only root may read.
func TestLoadConfigCredentials(t *testing.T) {
	credentials := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", credentials)
	write := func(name, text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(credentials, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("only-there", "1:from-systemd\n", 0o440)
	write("telegram.token", "1:from-systemd", 0o400)
	write("void", "\n", 0o400)
	token := func(file string) (string, error) {
		c, err := load(t, smallConfig+"[telegram]\ntoken_file = \""+file+"\"\n")
		if err != nil {
			return "", err
		}
		return c.Telegram.Token.Reveal(), nil
	}
	for file, want := range map[string]string{
		"only-there":              "1:from-systemd",
		"cred/only-there":         "1:from-systemd",
		"/nonexistent/only-there": "1:from-systemd",
		"telegram.token":          "123456:" + canary, // the file itself comes first
	} {
		if got, err := token(file); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", file, got, err, want)
		}
	}
	for file, want := range map[string]string{
		"void":           "it is empty",
		"nowhere":        "does not exist",
		"world-readable": "lets others read it",
	} {
		if _, err := token(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", file, err, want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	words := []string{"host", "port", "tls", "password_file", "make_up_days", "email"}
	for word, want := range map[string]string{
		"Host":                       `; did you mean "host"?`,
		"hots":                       `; did you mean "host"?`,
		"emial":                      `; did you mean "email"?`,
		"make-up-days":               `; did you mean "make_up_days"?`,
		"PASSWORD_FILE":              `; did you mean "password_file"?`,
		"passwordfile":               `; did you mean "password_file"?`,
		"colour":                     "",
		"":                           "",
		strings.Repeat("host", 1000): "",
	} {
		if got := didYouMean(word, words); got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
}

// FuzzLoadConfig: whatever the bytes, no panic, no secret in a message, and
// either a config or problems that each say where and what.
func FuzzLoadConfig(f *testing.F) {
	seeds, err := filepath.Glob("testdata/config/*.toml")
	if err != nil || len(seeds) < 30 {
		f.Fatalf("found only %d seeds (%v)", len(seeds), err)
	}
	for _, seed := range append(seeds, "../../config.example.toml") {
		data, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	path := configDir(f, nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		if strings.Contains(strings.ToUpper(string(data)), canary) {
			return // the seeds that hold it are checked above, against their messages
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := LoadConfig(path)
		said := report(c, err)
		if strings.Contains(said, canary) {
			t.Fatalf("a secret is shown:\n%s", said)
		}
		if err == nil {
			if c.Units == nil || c.Location == nil || len(c.Hash) != 64 {
				t.Fatalf("an incomplete config: %+v", c)
			}
			return
		}
		var ce *ConfigError
		if !errors.As(err, &ce) || len(ce.Problems) == 0 {
			t.Fatalf("not a ConfigError: %v", err)
		}
		lines := strings.Count(string(data), "\n") + 1
		for _, p := range ce.Problems {
			if p.File != path || p.Reason == "" || p.Line < 0 || p.Line > lines {
				t.Fatalf("problem %+v in a file of %d lines", p, lines)
			}
		}
	})
}
