package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// readmeCommand is a command of the README: a line of a block, or words in
// backquotes.
var readmeCommand = regexp.MustCompile("(?m)^    (nhacviec [^#\n]*)|`(nhacviec [^`\n]*)`")

// TestReadmeCommands runs each command of the README as it is printed, in its
// order, years after the plan that it speaks of.
func TestReadmeCommands(t *testing.T) {
	if underRace {
		t.Skip("the words are the same, and TestServe has the daemon under the race detector")
	}
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := furnish(dir); err != nil {
		t.Fatal(err)
	}
	corrected, err := os.ReadFile("../../tasks/planfile/testdata/ke-hoach-05.xlsx")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "ke-hoach-05.xlsx"), corrected, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "config.toml")
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	ran := 0
	for _, m := range readmeCommand.FindAllStringSubmatch(string(readme), -1) {
		line := strings.TrimSpace(m[1] + m[2])
		args := shellWords(line)[1:]
		want := 0
		switch verb := args[0]; {
		case verb == "demo", verb == "send-test":
			continue // they have tests of their own, with far ends on loopback
		case verb == "reload", verb == "status":
			want = 69 // none runs here
		case strings.Contains(line, " ID"):
			want = 1
		}
		for i, arg := range args {
			switch {
			case arg == "/etc/nhacviec/config.toml":
				args[i] = config
			case arg == "FILE", strings.HasPrefix(arg, "ke-hoach-05."), strings.HasPrefix(arg, "theo-doi."):
				args[i] = filepath.Join(dir, arg)
			}
		}
		if !strings.Contains(line, "-c ") {
			args = append(args, "-c", config)
		}
		var out, errs bytes.Buffer
		a := app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: func() time.Time { return now }}
		if exit := a.run(args); exit != want {
			t.Errorf("%s: exit %d, want %d\n%s", line, exit, want, errs.String())
		}
		ran++
	}
	if ran < 25 {
		t.Errorf("found only %d commands", ran)
	}
}
