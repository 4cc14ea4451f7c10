package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
	"nhacviec/web"
)

var importDay = time.Date(2023, 6, 5, 7, 0, 0, 0, time.FixedZone("+07", 7*3600))

// runHere runs the program in this process, on the morning of importDay.
func runHere(args ...string) (exit int, stdout, stderr string) {
	var out, errs bytes.Buffer
	a := app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: func() time.Time { return importDay }}
	exit = a.run(args)
	return exit, out.String(), errs.String()
}

// TestDeadlinePhrases reads every phrase of the deadline table as the command
// line does for an admin, and as it prints JSON.
func TestDeadlinePhrases(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../tasks/testdata/deadlines.tsv")
	if err != nil {
		t.Fatal(err)
	}
	type deadline struct {
		Text    string
		Kind    string
		Due     []string
		From    *string
		Ongoing bool
	}
	phrases := 0
	var texts []string
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		if len(f) != 5 {
			t.Fatalf("%q has %d columns", line, len(f))
		}
		phrases++
		texts = append(texts, f[0])
		exit, stdout, stderr := runHere("deadline", "--json", "--issued", "2023-06-05", "--", f[0])
		var got deadline
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || exit != 0 || stderr != "" {
			t.Errorf("%q: exit %d, %v, %s", f[0], exit, err, stderr)
			continue
		}
		from := ""
		if got.From != nil {
			from = *got.From
		}
		if got.Kind != f[1] || strings.Join(got.Due, ",") != f[2] || got.Ongoing != (f[3] == "1") || from != f[4] {
			t.Errorf("%q: got %+v from %q, want %q", f[0], got, from, f[1:])
		}
	}
	if phrases < 50 {
		t.Errorf("read only %d phrases", phrases)
	}
	exit, stdout, _ := runHere(append([]string{"deadline", "--json", "--issued", "05/06/2023", "--"}, texts...)...)
	var all []deadline
	if err := json.Unmarshal([]byte(stdout), &all); err != nil || exit != 0 || len(all) != phrases {
		t.Errorf("all at once: exit %d, %d deadlines, %v", exit, len(all), err)
	}
}

// TestExitCodes checks the codes and the form of errors that scripts rely on.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := furnish(dir); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "config.toml")
	for _, tc := range []struct {
		args  string
		exit  int
		error string // part of stderr
	}{
		{"", 0, ""},
		{"--help", 0, ""},
		{"help tasks", 0, ""},
		{"task", 0, ""},
		{"version", 0, ""},
		{"plans -q", 0, ""},
		{"check", 0, ""},
		{"tasks --state late", 64, "hint: one of: overdue"},
		{"tasks --review=perhaps", 64, "invalid argument"},
		{"plans --jsn", 64, "hint: did you mean json?"},
		{"nonsense", 64, `"nonsense" is no verb of nhacviec`},
		{"explain", 64, "explain needs N, the task's number"},
		{"send-test email", 64, "send-test needs ADDRESS"},
		{"send-test email a b", 64, `got "b" besides`},
		{"send-test fax x", 64, `nhacviec: no channel is called "fax"`},
		{"send-test email notanaddress", 1, `"notanaddress" is no address of email: has no @`},
		{"send-test telegram -abc", 64, `stands behind "--"`},
		{"send-test telegram -5 -6", 64, `got "-6" besides`},
		{"send-test telegram -0", 1, `"-0" is no address of telegram`},
		{"send-test --json telegram -0 -q", 1, `"-0" is no address of telegram`},
		{"demo --json", 64, "--json goes with --script"},
		{"ledger --task 999", 1, `no task has the number "999"`},
		{"ledger --task 999 --json", 1, `no task has the number "999"`},
		{"ledger --plan ct05", 64, `no plan is called "ct05"`},
		{"ledger --unit nobody", 64, `no unit is called "nobody"`},
		{"ledger --since 02/06/2023 --until 01/06/2023", 64, "before it begins on 02/06/2023"},
		{"ledger --csv --json", 64, "do not go together"},
		{"ledger show nothing", 1, "is not stored"},
		{"resend nothing", 1, "is not stored"},
		{"resend nothing --failed", 64, "not both"},
		{"import DIR/nofile.md", 1, "no such file"},
		{"import DIR", 1, "a directory; name the plan's file"},
		{"import DIR/config.toml", 1, "config.toml"},
		{"import DIR/ke-hoach-05.md", 64, "names only month 6/2023 as its date"},
		{"import DIR/ke-hoach-05.md --issued 31/06/2023", 64, "not a date that exists"},
		{"import DIR/ke-hoach-05.md --issued 05/06/2023 --plan a|b -n", 64, "cannot be the id of a plan"},
		{"export DIR/x.txt", 64, "the name does not tell a format"},
		{"export DIR/x.csv", 64, "no plan is stored yet"},
		{"export DIR/config.toml.csv --plan p", 64, `no plan is called "p"`},
		{"tasks --unit nobody", 64, `no unit is called "nobody"`},
		{"tasks --plan p", 64, `no plan is called "p"`},
		{"units nobody", 64, "units takes no argument"},
		{"task show 21", 1, `no task has the number "21"`},
		{"task done 21 --plan p", 64, `no plan is called "p"`},
		{"task extend 21 31/07/2023", 64, "needs a reason"},
		{"task extend 21 soon --reason x", 64, `"soon" is not a date`},
		{"task due 21", 64, "task due needs a DATE"},
		{"task lead 21 nobody", 64, `no unit is called "nobody"`},
		{"task edit 21", 64, "say what the task is to say"},
		{"deadline", 64, "deadline needs a TEXT"},
		{"deadline x --until 01/01/2020", 64, "--until 01/01/2020 is before"},
		{"forecast --from 02/07/2023 --to 01/07/2023", 64, "before it begins on 02/07/2023"},
		{"forecast --to 01/06/2023", 64, "before it begins on 05/06/2023"},
		{"forecast --to 31/12/2030", 64, "five years"},
		{"forecast --unit nobody", 64, `no unit is called "nobody"`},
		{"explain 21 --on 31/06/2023", 64, "not a date that exists"},
		{"demo --script --plan DIR/nofile.md", 1, "no such file"},
		{"demo --script --from 02/07/2023 --until 01/07/2023", 64, "is before --from"},
		{"demo --listen 0.0.0.0:0 -c DIR/config.toml", 64, "for this machine only"},
		{"demo --script -c nowhere.toml", 78, "nowhere.toml: cannot read the config"},
		{"backup DIR/copy.db", 1, "there is nothing to back up yet"},
		{"restore DIR/nofile.db", 1, "no such file"},
		{"restore DIR/config.toml", 1, "damaged"},
		{"verify x y", 64, `verify takes FILE, and got "y" besides`},
		{"verify DIR/nofile.db", 1, "no such file"},
		{"verify DIR/config.toml", 1, "config.toml: damaged: neither of its two head pages is whole"},
		{"serve -c nowhere.toml", 78, "nowhere.toml: cannot read the config"},
		{"check -c nowhere.toml", 78, "nowhere.toml: cannot read the config"},
		{"explain 21", 1, `no task has the number "21"`},
		{"status", 69, "status needs the daemon"},
		{"reload --json", 69, "reload needs the daemon"},
		{"-c nowhere.toml units", 78, "nowhere.toml: cannot read the config"},
	} {
		args := strings.Fields(strings.ReplaceAll(tc.args, "DIR", dir))
		if !strings.Contains(tc.args, "-c ") {
			args = append(args, "-c", config)
		}
		exit, stdout, stderr := runHere(args...)
		if exit != tc.exit || !strings.Contains(stderr, tc.error) || tc.error == "" && stderr != "" {
			t.Errorf("%q: exit %d, want %d; stderr %q, want %q", tc.args, exit, tc.exit, stderr, tc.error)
		}
		if exit != 0 && (stdout != "" || !strings.Contains(stderr, "\nhint: ") || strings.Contains(stderr, lastHint) || !strings.HasPrefix(stderr, "nhacviec: ") || strings.Contains(stderr, "Usage:")) {
			t.Errorf("%q: an error prints %q and %q", tc.args, stdout, stderr)
		}
	}
}

// TestExamplesRun pastes every example of every help text: flags and arguments
// must be such that no example is a mistake of usage.
func TestExamplesRun(t *testing.T) {
	t.Parallel()
	root := newRootCommand(&app{})
	examples := 0
	var walk func(path string)
	check := func(example string) {
		line := strings.TrimSpace(example)
		rest, ours := strings.CutPrefix(line, "nhacviec ")
		if !ours {
			return
		}
		examples++
		rest, _, _ = strings.Cut(rest, " && ")
		rest, _, _ = strings.Cut(rest, " >")
		args := shellWords(rest)
		cmd, rest2, err := root.Find(sparedDashes(args))
		if err != nil || cmd == root && len(args) > 0 {
			t.Errorf("%s: %v", line, err)
			return
		}
		if err := cmd.ParseFlags(rest2); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	walk = func(path string) {
		cmd, _, err := root.Find(strings.Fields(path))
		if err != nil {
			t.Fatal(err)
		}
		if cmd != root && cmd.Example == "" {
			t.Errorf("nhacviec %s has no example", path)
		}
		for line := range strings.Lines(cmd.Example) {
			check(line)
		}
		for _, sub := range cmd.Commands() {
			walk(strings.TrimSpace(path + " " + sub.Name()))
		}
	}
	walk("")
	if examples < 30 {
		t.Errorf("found only %d examples", examples)
	}
}

// shellWords splits a command line at spaces outside of double quotes.
func shellWords(line string) []string {
	var words []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

// fakeDaemon is the part of a daemon that no store has.
type fakeDaemon struct{ reloadError error }

func (fakeDaemon) Status() (web.Status, error) {
	return web.Status{
		Since: importDay.Add(-time.Hour), NextFire: importDay.Add(30 * time.Minute), Config: "0123abcd",
		ConfigError: "config.toml:3: prot: unknown key\nconfig.toml:9: rules: missing",
		Channels: []web.ChannelStatus{
			{Channel: tasks.Email, LastSent: importDay.Add(-time.Minute)},
			{Channel: tasks.Telegram, LastError: "401 Unauthorized", ErrorAt: importDay},
		},
	}, nil
}

func (d fakeDaemon) Reload(context.Context) ([]string, error) {
	return []string{"config.toml:12: units.noi-vu: nobody reaches it"}, d.reloadError
}

// startDaemon serves the control API of a furnished directory on its socket,
// with the store held, until the test ends.
func startDaemon(t *testing.T, dir string, change func(*web.Handler)) {
	t.Helper()
	config, err := LoadConfig(filepath.Join(dir, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(config.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	st, err := store.Open(config.storePath())
	if err != nil {
		t.Fatal(err)
	}
	h := newHandler(st, func() scheduler.Setup { return config.Setup }, func() time.Time { return importDay })
	h.Daemon, h.Tester = fakeDaemon{}, ownTester{config, st, h.Now}
	change(h)
	l, err := web.Listen(config.Socket)
	if err != nil {
		t.Fatal(err)
	}
	server := web.NewServer(h, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), st.Close()); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

// shortDir returns a directory whose path leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "nv")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := furnish(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestThroughDaemon runs verbs against a daemon that holds the store, and
// compares with what they print without one.
func TestThroughDaemon(t *testing.T) {
	t.Parallel()
	dirs := map[string]string{"daemon": shortDir(t), "alone": shortDir(t)}
	startDaemon(t, dirs["daemon"], func(*web.Handler) {})
	for _, args := range [][]string{
		{"plans"},
		{"import", "ke-hoach-05.md", "--plan", "ct05", "--issued", "05/06/2023"},
		{"import", "ke-hoach-05.md", "--plan", "ct05", "--json"},
		{"tasks", "--json"},
		{"task", "done", "21", "--by", "an"},
		{"task", "done", "21", "--by", "an"},
		{"forecast", "--json"},
		{"explain", "22", "--on", "30/06/2023", "--json"},
		{"ledger", "--json"},
		{"verify"},
		{"outbox", "--json"},
		{"units", "--json"},
		{"units", "--unresolved"},
		{"task", "lead", "22", "noi-vu", "--by", "an"},
		{"task", "edit", "22", "--content", "Khác", "--by", "an"},
		{"export", "-", "--plan", "ct05"},
		{"export", "-", "--json"},
		{"check", "--json"},
		{"send-test", "telegram", "nowhere"},
	} {
		type result struct {
			exit           int
			stdout, stderr string
		}
		got := map[string]result{}
		for name, dir := range dirs {
			full := append([]string{}, args...)
			if args[0] == "import" {
				full[1] = filepath.Join(dir, args[1])
			}
			exit, stdout, stderr := runHere(append(full, "-c", filepath.Join(dir, "config.toml"))...)
			stdout, _, _ = strings.Cut(stdout, ", proven in ") // how long it took
			got[name] = result{exit, strings.ReplaceAll(stdout, dir, "."), strings.ReplaceAll(stderr, dir, ".")}
		}
		if got["daemon"] != got["alone"] {
			t.Errorf("%q: through the daemon %+v\nalone %+v", args, got["daemon"], got["alone"])
		}
		if got["alone"].stdout+got["alone"].stderr == "" {
			t.Errorf("%q printed nothing", args)
		}
	}
}

func TestStatusAndReload(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	config := filepath.Join(dir, "config.toml")
	var refuse error
	startDaemon(t, dir, func(h *web.Handler) { h.Daemon = fakeDaemon{} })
	exit, stdout, stderr := runHere("status", "-c", config)
	for _, want := range []string{"running since  05/06/2023 06:00\n", "next fire      05/06/2023 07:30\n", "waiting        0\n",
		"last reload    refused: config.toml:3: prot: unknown key\n", "               refused: config.toml:9", "email     05/06/2023 06:59\n",
		"telegram  not since the start  05/06/2023 07:00  401 Unauthorized\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("status lacks %q:\n%s", want, stdout)
		}
	}
	if exit != 0 || stderr != "" {
		t.Errorf("status: exit %d, %s", exit, stderr)
	}
	exit, stdout, stderr = runHere("reload", "-c", config)
	if exit != 0 || stdout != "" || stderr != "warning: config.toml:12: units.noi-vu: nobody reaches it\nthe config is in force\n" {
		t.Errorf("reload: exit %d, %q, %q", exit, stdout, stderr)
	}
	// The daemon answers even when its file has been broken since.
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, append([]byte("prot = 1\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	if exit, _, stderr := runHere("status", "-c", config); exit != 0 {
		t.Errorf("status with a broken file: exit %d, %s", exit, stderr)
	}

	dir = shortDir(t)
	refuse = &ConfigError{Problems: []Problem{{File: "config.toml", Line: 3, Key: "prot", Reason: "unknown key"}}}
	startDaemon(t, dir, func(h *web.Handler) { h.Daemon = fakeDaemon{refuse} })
	exit, _, stderr = runHere("reload", "-c", filepath.Join(dir, "config.toml"))
	if exit != 78 || stderr != "nhacviec: config.toml:3: prot: unknown key\nhint: correct the file, then run: nhacviec check -c config.toml\n" {
		t.Errorf("refused reload: exit %d, %q", exit, stderr)
	}
}

// TestOtherDaemon warns of a daemon of another version, and does not ask one
// that works for another store.
func TestOtherDaemon(t *testing.T) {
	t.Parallel()
	dir := shortDir(t)
	startDaemon(t, dir, func(h *web.Handler) { h.Version = "v0.0.1" })
	exit, _, stderr := runHere("plans", "-c", filepath.Join(dir, "config.toml"))
	if exit != 0 || !strings.HasPrefix(stderr, "warning: the daemon is v0.0.1, this command is ") {
		t.Errorf("another version: exit %d, %q", exit, stderr)
	}

	dir = shortDir(t)
	startDaemon(t, dir, func(*web.Handler) {})
	config := filepath.Join(dir, "config.toml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(dir, "other.toml")
	if err := os.WriteFile(other, bytes.Replace(text, []byte(`"data_dir"`), []byte(`"data_other"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	exit, stdout, stderr := runHere("import", filepath.Join(dir, "ke-hoach-05.md"), "--issued", "05/06/2023", "-c", other)
	if exit != 0 || !strings.Contains(stdout, "68 new") || !strings.Contains(stderr, "is not asked: it works for another store") {
		t.Errorf("import into another store: exit %d, %q", exit, stderr)
	}
	if exit, stdout, _ := runHere("plans", "--json", "-c", config); exit != 0 || stdout != "[]\n" {
		t.Errorf("the daemon's own store has %s", stdout)
	}
	if exit, _, _ := runHere("status", "-c", other); exit != 69 {
		t.Errorf("status of another store: exit %d, want 69", exit)
	}
}

func TestReadDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"30/06/2023": "2023-06-30", "30/6/2023": "2023-06-30", " 2023-06-30 ": "2023-06-30", "29/02/2024": "2024-02-29",
		"31/06/2023": "", "2023-02-29": "", "06-30-2023": "", "30/06/23": "", "2023-6-30": "", "tomorrow": "", "": "", "1/1/0001": "",
	} {
		got, err := readDate(text)
		if got.String() != want || (err == nil) != (want != "") {
			t.Errorf("readDate(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		text  string
		limit int
		want  string
	}{
		{"Số hóa", 10, "Số hóa"},
		{"Số hóa dữ liệu, hộ tịch", 16, "Số hóa dữ liệu…"},
		{"một,hai,ba,bốn,năm", 10, "một,hai,b…"},
		{"So\u0302\u0301 ho\u0301a", 6, "Số hóa"}, // six letters however they are written
		{"a\n\tb\x1b[31mc\u200b", 10, "a  b[31mc"},
	} {
		if got := cut(tc.text, tc.limit); got != tc.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tc.text, tc.limit, got, tc.want)
		}
	}
}

func TestPlanIDOf(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"plan/ke-hoach-05.md": "ke-hoach-05", "Kế hoạch số 05_2023.docx": "ke-hoach-so-05-2023", "ĐỀ ÁN.md": "de-an", ".md": "",
	} {
		if got := planIDOf(path); got != want {
			t.Errorf("planIDOf(%q) = %q, want %q", path, got, want)
		}
	}
}
