//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// mutant is a mistake that somebody could make in the program, and the quick
// part that must see it.
type mutant struct {
	name    string
	patches []patch
	by      string // the name of the part
	seen    func(context.Context, *lab) (result, error)
}

func mutants() []mutant {
	return []mutant{
		{"sent is recorded before anything is sent", []patch{{
			file: "scheduler/deliver.go",
			old:  "\t\treceipt, err := w.Sender.Send(ctx, ",
			new:  "\t\td.sent(ctx, w, del)\n\t\tw.recording.Wait()\n\t\treceipt, err := w.Sender.Send(ctx, ",
		}}, "G1", killAtRandom},
		{"an error that is not temporary is permanent", []patch{{
			file: "notify/email_smtp.go",
			old:  "\tswitch code {\n\tcase 530, ",
			new:  "\tif code < 400 || code >= 500 {\n\t\treturn tasks.Permanent\n\t}\n\tswitch code {\n\tcase 530, ",
		}}, "broken lines", breakLines},
		{"an error after the server's yes means: again", []patch{{
			file: "notify/email_smtp.go",
			old:  "\treturn \"250 \" + reply, nil",
			new:  "\tif err := s.client.Reset(); err != nil {\n\t\treturn \"\", &stepError{step: stepData, err: err}\n\t}\n\treturn \"250 \" + reply, nil",
		}}, "hanging up", hangUp},
		{"the Message-ID is random", []patch{{
			file: "notify/email_message.go",
			old:  "\tm.SetMessageIDWithValue(out.ID + \"@\" + e.domain)",
			new:  "\tm.SetMessageID()",
		}}, "broken lines", breakLines},
		{"the store is not synced", []patch{{
			file: "tasks/store/open.go",
			old:  "\t\tTimeout:  lockTimeout,\n\t\tReadOnly: readOnly,",
			new:  "\t\tTimeout:  lockTimeout,\n\t\tNoSync:   true,\n\t\tReadOnly: readOnly,",
		}}, "G4", losePower},
		{"a missed fire is not made up for", []patch{{
			file: "scheduler/loop.go",
			old:  "\tnothing := func() {}",
			new:  "\tclear(stored)\n\tnothing := func() {}",
		}}, "down over a fire", missFire},
		{"a GET changes a task", []patch{{
			file: "web/tasks.go",
			old:  "\treturn h.view(t), nil\n}\n\n// find returns",
			new:  "\tif _, err := h.Plans.Change(t.Key, tasks.Change{Action: \"confirm\", By: \"GET\"}, h.Now(), func(*tasks.Task) error { return nil }); err != nil {\n\t\treturn nil, err\n\t}\n\treturn h.view(t), nil\n}\n\n// find returns",
		}}, "only looking", onlyLook},
		{"the token stands in the log", []patch{
			{file: "notify/http.go", old: "\t\tse.Err = hide.error(err)", new: "\t\tse.Err = err"},
			{file: "notify/telegram.go", old: "t.calls.hide().error(failed.Err)", new: "failed.Err"},
		}, "broken lines", breakLines},
	}
}

// seedMutants builds the program with each mistake and holds it to the quick
// part that must see it. A harness that misses one proves nothing.
func seedMutants(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	all := mutants()
	caught := make([]string, len(all))
	errs := make([]error, len(all))
	var waiting sync.WaitGroup
	slots := make(chan struct{}, 2)
	for i, m := range all {
		slots <- struct{}{}
		waiting.Go(func() {
			defer func() { <-slots }()
			caught[i], errs[i] = l.seedOne(ctx, m, i)
		})
	}
	waiting.Wait()
	n := 0
	for i, m := range all {
		if errs[i] != nil {
			return res, fmt.Errorf("mutant %q: %w", m.name, errs[i])
		}
		res.faults++
		if caught[i] == "" {
			res.fail("not caught by %s: %s", m.by, m.name)
			continue
		}
		n++
		res.note("caught by %s: %s: %.140s", m.by, m.name, caught[i])
	}
	res.note("%d of %d mutants caught", n, len(all))
	return res, nil
}

// seedOne builds one mutant and returns the first thing that is seen of it, "" for
// nothing.
func (l *lab) seedOne(ctx context.Context, m mutant, i int) (seen string, err error) {
	if why := canTrace(ctx); m.by == "G4" && why != "" {
		return "", errors.New(why)
	}
	sick := *l
	sick.quick = true
	if sick.binary, err = l.build(ctx, fmt.Sprint("mutant-", i+1), m.patches); err != nil {
		return "", err
	}
	// A mistake that shows only when a kill falls into a few milliseconds may hide
	// from one draw.
	for range draws {
		res, err := m.seen(ctx, &sick)
		if err != nil || len(res.failures) > 0 {
			return strings.Join(res.failures[:min(len(res.failures), 1)], ""), err
		}
		sick.seed++
	}
	return "", nil
}

// draws is from how many seeds a part may draw until it must have seen a mistake.
const draws = 5
