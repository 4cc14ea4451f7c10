package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"nhacviec/tasks/store"
)

// noRest keeps a program with the race detector from resting a second at its
// end.
const noRest = "atexit_sleep_ms=0"

// TestMain makes the program itself a command of the test scripts.
func TestMain(m *testing.M) {
	os.Setenv("GORACE", noRest)
	testscript.Main(m, map[string]func(){
		"nhacviec": func() { os.Exit(runAt(os.Getenv("TEST_NOW"))) },
		"sink":     runSink,
		"glutton":  devour,
	})
}

// runAt runs the program as main does, but by a clock that stands still.
func runAt(instant string) int {
	if instant == "" { // for a test that runs other verbs in its own process
		main()
	}
	now, err := time.Parse(time.RFC3339, instant)
	if err != nil {
		panic(err)
	}
	a := app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: func() time.Time { return now }}
	return a.run(os.Args[1:])
}

// TestScripts runs testdata/script/*.txt on the real binary, each in a
// directory with the example config, its secret files, the seed plan and no
// store yet, on the morning of Monday 5 June 2023.
func TestScripts(t *testing.T) {
	t.Parallel()
	all := "*"
	if underRace { // most verbs do one thing after the other
		all = "[dit]*"
	}
	scripts, err := filepath.Glob("testdata/script/" + all + ".txt")
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	testscript.Run(t, testscript.Params{
		Files:               scripts,
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TEST_NOW", "2023-06-05T07:00:00+07:00")
			env.Setenv("NHACVIEC_CONFIG", "")
			env.Setenv("GORACE", noRest)
			return furnish(env.WorkDir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"hold": hold,
			"mode": mode,
		},
	})
}

var placesInConfig = regexp.MustCompile(`(?m)^(data_dir|socket)( *= *)"[^"]*"`)

// furnish puts the example config with its secrets, and the seed plan, into a
// directory. Store and socket are there too.
func furnish(dir string) error {
	config, err := os.ReadFile("../../config.example.toml")
	if err != nil {
		return err
	}
	plan, err := os.ReadFile("../../tasks/planfile/testdata/ke-hoach-05.md")
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"config.toml":     placesInConfig.ReplaceAll(config, []byte(`$1$2"$1"`)),
		"ke-hoach-05.md":  plan,
		"smtp.pass":       []byte("secret\n"),
		"telegram.token":  []byte("1234567:AAEhBP0av28sYh8jh1uQmgg9zEXSRNLPjhQ\n"),
		"zalo-bot.token":  []byte("1234567:secret\n"),
		"zalo-oa.secret":  []byte("secret\n"),
		"zalo-oa.refresh": []byte("secret\n"),
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// hold keeps a store open until the script ends, as a daemon does that does
// not answer: hold FILE.
func hold(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold FILE")
	}
	st, err := store.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { ts.Check(st.Close()) })
}

// mode wants a file to have a mode: mode 0600 FILE.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: mode MODE FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%#o", info.Mode().Perm()); (got == args[0]) == neg {
		ts.Fatalf("%s has the mode %s", args[1], got)
	}
}
