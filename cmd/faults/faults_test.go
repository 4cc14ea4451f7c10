//go:build linux

package main

import (
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// TestQuick runs every group in small: the release binary against servers on
// loopback. Groups that build the program anew are left to the command.
func TestQuick(t *testing.T) {
	t.Parallel()
	if underRace {
		t.Skip("the program that it drives is built without the race detector")
	}
	dir, err := os.MkdirTemp("", "faults-") // unlike t.TempDir's it can be opened to another user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l, err := newLab(t.Context(), dir, 1, true)
	if err != nil {
		t.Fatal(err)
	}
	const side = 5 // they mostly wait
	chosen := slices.DeleteFunc(groups(), func(g group) bool { return g.builds })
	for _, o := range l.runAll(t.Context(), chosen, side, io.Discard) {
		t.Run(o.id, func(t *testing.T) {
			for _, line := range o.notes {
				t.Log(line)
			}
			switch o.verdict() {
			case "FAIL":
				t.Errorf("lost %d\n%s", o.lost, strings.Join(o.failures, "\n"))
			case "VOID", "not run":
				t.Log(o.void + o.skipped)
			}
		})
	}
}

// TestPatchesFit holds the patches of the points and the mutants to the sources:
// who changes these lines must say where the harness is to strike now.
func TestPatchesFit(t *testing.T) {
	t.Parallel()
	l := &lab{root: "../.."}
	all := map[string][]patch{"points": pointPatches()}
	for _, m := range mutants() {
		all[m.name] = m.patches
	}
	for name, patches := range all {
		if _, err := l.overlay(t.TempDir(), patches); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestJudge shows the oracle every kind of lie: it must see each.
func TestJudge(t *testing.T) {
	t.Parallel()
	to := target{tasks.Email, "a@example.gov.vn"}
	sent := entry{ID: "x", State: "sent", Kind: "reminder", Channel: to.channel, Address: to.address}
	doubt := sent
	doubt.State = "uncertain"
	mail := notifytest.Message{ID: "x@example.gov.vn", Text: "mã-1", Channel: to.channel, Address: to.address}
	other := mail
	other.ID = "y@example.gov.vn"
	empty := mail
	empty.Text = ""
	for name, c := range map[string]struct {
		ledger  []entry
		arrived []notifytest.Message
		want    string // part of the complaint; "" for none
	}{
		"as it should be":             {[]entry{sent}, []notifytest.Message{mail}, ""},
		"repeated with a doubt":       {[]entry{doubt, sent}, []notifytest.Message{mail, mail}, ""},
		"lost":                        {[]entry{sent}, nil, "got nothing"},
		"repeated without a doubt":    {[]entry{sent}, []notifytest.Message{mail, mail}, "2 copies"},
		"three copies for one doubt":  {[]entry{doubt, sent}, []notifytest.Message{mail, mail, mail}, "3 copies"},
		"not in the ledger":           {nil, []notifytest.Message{mail}, "does not say so"},
		"only doubted in the ledger":  {[]entry{doubt}, []notifytest.Message{mail}, "does not say so"},
		"another Message-ID":          {[]entry{doubt, sent}, []notifytest.Message{mail, other}, "Message-ID y@"},
		"somebody else's text":        {[]entry{sent}, []notifytest.Message{empty}, "without mã-1"},
		"dropped though nothing says": {[]entry{sent, {ID: "z", State: "dropped", Kind: "reminder", Channel: to.channel, Address: to.address}}, []notifytest.Message{mail}, "dropped"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &office{recorder: newRecorder()}
			o.expect(to, "mã-1")
			for _, m := range c.arrived {
				o.take(m)
			}
			var res result
			o.judgeTarget(&res, to, "mã-1", readLedger(c.ledger))
			if got := strings.Join(res.failures, "; "); c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("it says %q, want %q", got, c.want)
			}
		})
	}
}
