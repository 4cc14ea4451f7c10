//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"
)

// group is one row of the table: one family of faults.
type group struct {
	id, title string
	alone     bool // it measures, so nothing else runs beside it
	builds    bool // it builds the program anew, with patches
	waits     bool // it mostly waits for what takes its time
	work      int  // seconds of processor time, roughly: the longest begin first
	run       func(context.Context, *lab) (result, error)
}

// groups lists what there is, in the order of the table.
func groups() []group {
	return []group{
		{id: "L", title: "10,000 mails at once, SIGKILL every 10 s", alone: true, run: bearLoad},
		{id: "G1", title: "SIGKILL at random, G2: repeats", waits: true, run: killAtRandom},
		{id: "G3", title: "SIGKILL at named points", builds: true, work: 60, run: killAtPoints},
		{id: "G4", title: "power cut", work: 150, run: losePower},
		{id: "G5", title: "store file damaged", work: 40, run: spoilStore},
		{id: "G6", title: "mail servers that do wrong", waits: true, run: misbehaveMail},
		{id: "G7", title: "chat services that answer wrong", waits: true, run: misbehaveChats},
		{id: "G8", title: "killed while Zalo renews its token", work: 40, run: rotateUnderKills},
		{id: "G9", title: "clock set, stopped, daemon down", waits: true, run: setClocks},
		{id: "G10", title: "disk full, read-only, no descriptors", waits: true, run: fillDisk},
		{id: "G11", title: "config spoilt while running", work: 5, run: spoilConfig},
		{id: "G12", title: "SIGTERM while sending", waits: true, run: stopWhileSending},
		{id: "G13", title: "backup under kills, restore", work: 100, run: restoreDrill},
		{id: "G14", title: "trouble, and who hears of it", waits: true, run: beTold},
		{id: "P5", title: "signals while sending", work: 15, run: sendSignals},
		{id: "P8", title: "log pipe full, closed", waits: true, run: closeLog},
		{id: "P12", title: "killed in a migration of the store", work: 15, run: killMigration},
		{id: "R", title: "rough far ends, missed fires, GETs", waits: true, run: beRough},
		{id: "M", title: "mutants of the program", builds: true, work: 60, run: seedMutants},
	}
}

// scaled says where the figures are not those of an ordinary day.
const scaled = `Scaled to fit: G1 and G12 have few messages for Zalo, which takes 50 a minute; G4 replays a recording of 33
messages; waits of days, and of the minutes after which trouble is told (G8, G9, G14), pass on a clock that is set.
SECONDS and CPU are those of the row: CPU without the harness's own servers and tracers.`

// result is what came of a group. The error beside it says that the harness
// could not do its work, which is no statement about the product.
type result struct {
	faults    int // injected
	planned   int // messages that had to arrive
	delivered int // of them, how many did
	repeated  int // copies beyond the first
	lost      int
	inFlight  int // of the faults, how many fell while a delivery was under way; -1: does not apply
	doubts    int // attempts that the ledger marks as uncertain
	worst     int // the most of them after one end of the process
	setAside  int // messages shown to a person instead of being tried once more, then sent by hand

	notes    []string // measured besides, scaled, left out
	failures []string // broken promises
	void     string   // why the run proves nothing
	skipped  string   // why it did not run
}

// fail notes a broken promise.
func (r *result) fail(format string, args ...any) {
	const most = 12 // a broken product breaks them by the thousand
	if len(r.failures) < most {
		r.failures = append(r.failures, fmt.Sprintf(format, args...))
	} else if len(r.failures) == most {
		r.failures = append(r.failures, "and more")
	}
}

// note keeps a figure for the reader.
func (r *result) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (r *result) verdict() string {
	switch {
	case len(r.failures) > 0 || r.lost > 0:
		return "FAIL"
	case r.skipped != "":
		return "not run"
	case r.void != "":
		return "VOID"
	}
	return "pass"
}

// outcome is the result of a group that ran.
type outcome struct {
	group
	result
	took  time.Duration
	spent float64 // seconds of processor time, as usage counts it
}

// printTable prints the results and reports whether all of them passed.
func printTable(w io.Writer, results []outcome) (ok bool) {
	ok = true
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "\tFAULT\tINJECTED\tIN FLIGHT\tPLANNED\tDELIVERED\tREPEATED\tSET ASIDE\tLOST\tSECONDS\tCPU\tVERDICT")
	for _, o := range results {
		inFlight := "-"
		if o.inFlight >= 0 {
			inFlight = strconv.Itoa(o.inFlight)
		}
		fmt.Fprintf(tab, "%s\t%s\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%.0f\t%.0f\t%s\n", o.id, o.title, o.faults, inFlight, o.planned, o.delivered,
			o.repeated, o.setAside, o.lost, o.took.Seconds(), o.spent, o.verdict())
		ok = ok && o.verdict() == "pass"
	}
	tab.Flush()
	for _, o := range results {
		lines := append([]string{}, o.notes...)
		for _, f := range o.failures {
			lines = append(lines, "BROKEN: "+f)
		}
		if o.void != "" {
			lines = append(lines, "VOID: "+o.void)
		}
		if o.skipped != "" {
			lines = append(lines, "not run: "+o.skipped)
		}
		for _, line := range lines {
			fmt.Fprintf(w, "\n%s  %s", o.id, line)
		}
	}
	fmt.Fprintln(w)
	return ok
}
