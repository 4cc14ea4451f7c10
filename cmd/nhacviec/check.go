package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nhacviec/notify"
	"nhacviec/tasks"
	"nhacviec/web"
)

// checked is what check found.
type checked struct {
	Config   string         `json:"config"` // the file
	OK       bool           `json:"ok"`
	Problems []Problem      `json:"problems"`
	Warnings []Problem      `json:"warnings"`
	Found    map[string]int `json:"found"`
}

func newCheckCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Check the config, the secrets, and the units of the stored tasks",
		Long: `Check reads the config and the secret files that it names, and reports everything
that is wrong at once. Then it looks at the stored tasks with that config: units
that it does not know or cannot reach, years to come without a holiday, and
messages that cannot be put into words. It exits with 78 when the config is broken, and with 4 when the rest is.
It touches no network.`,
		Example: "  nhacviec check\n  nhacviec check -c new.toml --json",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := a.configPath()
			if err != nil {
				return err
			}
			found := checked{Config: path, Problems: []Problem{}, Warnings: []Problem{}, Found: map[string]int{}}
			config, err := LoadConfig(path)
			if broken, ok := errors.AsType[*ConfigError](err); ok && a.json {
				found.Problems = broken.Problems
				return errors.Join(a.printJSON(found), err)
			}
			if err != nil {
				return err
			}
			found.Warnings = append(found.Warnings, config.Warnings...)
			found.countConfig(config)
			if err := a.checkStored(cmd.Context(), config, &found); err != nil {
				return err
			}
			return a.printChecked(found)
		},
	}
}

func (f *checked) countConfig(c *Config) {
	units := c.Units.Units()
	f.Found["units"] = len(units)
	for _, u := range units {
		for _, ch := range tasks.Channels {
			f.Found["addresses"] += len(u.Addresses[ch])
		}
		if len(u.Members) > 0 {
			f.Found["groups"]++
		}
	}
	for _, r := range c.Setup.Rules {
		if r.Message == "" {
			f.Found["rules"]++
		}
	}
	f.Found["channels"] = len(c.Setup.Channels)
	f.Found["holidays"] = len(c.Setup.Calendar.Holidays)
}

// checkStored looks at what is stored with the eyes of the config. That it
// cannot be read is a problem like others.
func (a *app) checkStored(ctx context.Context, c *Config, f *checked) error {
	var stored web.Library
	read := func(ctx context.Context, client *web.Client) (err error) {
		stored, err = client.Library(ctx)
		return err
	}
	client, err := a.dial(ctx, f.Config)
	if err == nil && client != nil {
		if s, err := client.Status(ctx); err == nil && s.Gone != nil {
			f.Problems = append(f.Problems, Problem{File: c.storePath(), Reason: strings.TrimPrefix(s.Gone.Error, c.storePath()+": ") + "; cure: nhacviec status"})
		}
		err = read(ctx, client)
	} else if err == nil {
		if err := mayFill(c.DataDir); err != nil {
			f.Problems = append(f.Problems, Problem{File: c.DataDir, Key: "data_dir", Reason: "the daemon, run by who checks, could not write there: " + reason(err) + "; cure: " + permissionHint(err, os.Geteuid())})
		}
		err = a.askStore(ctx, c, reads, read)
	}
	if err != nil {
		p := Problem{File: c.storePath(), Reason: "cannot read what is stored: " + err.Error()}
		if e, ok := errors.AsType[*web.Error](err); ok {
			p.Reason = "cannot read what is stored: " + strings.TrimPrefix(e.Message, p.File+": ")
		} else if e := explainError(err); e != nil {
			p.Reason = "cannot read what is stored: " + strings.TrimPrefix(e.Message, p.File+": ")
		}
		f.Problems = append(f.Problems, p)
		return nil
	}
	f.Found["plans"], f.Found["tasks"] = len(stored.Plans), len(stored.Tasks)
	today := tasks.DateOf(a.now().In(c.Location))
	f.Warnings = append(f.Warnings, c.WarningsOn(today, stored.Tasks)...)
	troubles := map[string][]tasks.ReviewItem{} // with units, by what is wrong
	for _, t := range stored.Tasks {
		items := tasks.Review(t, c.Units, today)
		f.Found["to_review"] += len(items)
		for _, item := range items {
			if item.Reason == tasks.UnitUnknown || item.Reason == tasks.UnitNoAddress || item.Reason == tasks.NobodyTold {
				same := item.Reason + " " + item.Detail
				troubles[same] = append(troubles[same], item)
			}
		}
	}
	for _, same := range slices.Sorted(maps.Keys(troubles)) {
		f.Problems = append(f.Problems, unitProblem(troubles[same]))
	}
	rendered, problems := renderAll(c, stored, a.now())
	f.Found["rendered"] = rendered
	f.Problems = append(f.Problems, problems...)
	return nil
}

// unitProblem says what is wrong with a unit that one or more tasks name.
func unitProblem(items []tasks.ReviewItem) Problem {
	first, others := items[0], ""
	if len(items) > 1 {
		others = fmt.Sprintf(" (and %d more times)", len(items)-1)
	}
	reason := "names a unit that the config does not know"
	switch first.Reason {
	case tasks.UnitNoAddress:
		reason = "has a lead unit that no channel reaches"
	case tasks.NobodyTold:
		reason = "has a lead unit that no rule for such tasks reaches"
	}
	return Problem{Key: "task " + first.Key.String(), Reason: reason + others + "; cure: " + first.Cure, Got: shown(first.Detail)}
}

// renderAll puts one message of each kind into words for each channel, with
// the stored tasks in it. It returns how many it could render.
func renderAll(c *Config, stored web.Library, now time.Time) (rendered int, problems []Problem) {
	open := slices.DeleteFunc(slices.Clone(stored.Tasks), func(t tasks.Task) bool { return t.Status == tasks.Cancelled })
	if len(open) == 0 {
		return 0, nil
	}
	b := tasks.Briefing{Office: c.Office, Units: c.Units, Soon: c.Setup.Soon(), Plans: map[string]tasks.Plan{}, Tasks: map[tasks.Key]tasks.Task{}}
	for _, p := range stored.Plans {
		b.Plans[p.ID] = p
	}
	for _, t := range stored.Tasks {
		b.Tasks[t.Key] = t
	}
	at := now.In(c.Location).Truncate(time.Second)
	for _, m := range samples(open, c, at) {
		for _, ch := range c.Setup.Channels {
			m.Channel = ch
			for i := range m.Failures {
				m.Failures[i].Channel = ch
			}
			if _, err := notify.Compose(m, b); err != nil {
				problems = append(problems, Problem{Key: string(ch), Reason: fmt.Sprintf("a message of the kind %s cannot be put into words: %v", m.Kind, err)})
				continue
			}
			rendered++
		}
	}
	return rendered, problems
}

// samples returns a message of each kind to the office, about all tasks that
// it could be about.
func samples(tt []tasks.Task, c *Config, at time.Time) []tasks.Message {
	to := tasks.Recipient{Unit: c.Office.Unit, Address: "check"}
	day := tasks.DateOf(at)
	reminder := tasks.Message{Kind: tasks.Reminder, At: at, Recipient: to}
	review := tasks.Message{Kind: tasks.ReviewNotice, At: at, Recipient: to}
	for _, t := range tt {
		step := tasks.Step{Key: t.Key, Version: t.Deadline.Version}
		switch t.Wants() {
		case tasks.Dated, tasks.Periodic:
			due := t.NextDue(day)
			if due == 0 {
				continue
			}
			left := int(due - day)
			step.Name, step.Due, step.DaysLeft = tasks.StepBefore(max(left, 0)), due, &left
			if left < 0 {
				step.Name = tasks.StepOverdue(-left)
			}
		case tasks.Ongoing:
			step.Name = tasks.StepProgress(day)
		case tasks.Awaiting:
			step.Name = tasks.StepDateWanted(day)
		default:
			review.Review = append(review.Review, tasks.Review(t, c.Units, day)...)
			continue
		}
		reminder.Steps = append(reminder.Steps, step)
	}
	messages := []tasks.Message{
		{Kind: tasks.WeeklyReport, At: at, Recipient: to},
		{Kind: tasks.FailureNotice, At: at, Recipient: to, Failures: []tasks.Failure{{ID: "check", Recipient: to, At: at, Cause: "check"}}},
	}
	if len(reminder.Steps) > 0 {
		messages = append(messages, reminder)
	}
	if len(review.Review) > 0 {
		messages = append(messages, review)
	}
	return messages
}

func (a *app) printChecked(f checked) error {
	f.OK = len(f.Problems) == 0
	if a.json {
		if err := a.printJSON(f); err != nil {
			return err
		}
	} else {
		if err := a.printLine(fmt.Sprintf("%s: valid", f.Config)); err != nil {
			return err
		}
		var words []string
		for _, what := range []string{"unit", "group", "rule", "channel", "holiday", "plan", "task"} {
			words = append(words, plural(f.Found[what+"s"], what))
		}
		words = append(words, plural(f.Found["rendered"], "message")+" rendered", fmt.Sprintf("%d to review", f.Found["to_review"]))
		if err := a.printLine("found: " + strings.Join(words, ", ")); err != nil {
			return err
		}
		for _, w := range f.Warnings {
			if err := a.printLine("warning: " + w.String()); err != nil {
				return err
			}
		}
		for _, p := range f.Problems {
			if err := a.printLine("problem: " + strings.TrimPrefix(p.String(), ": ")); err != nil {
				return err
			}
		}
	}
	if !f.OK {
		return &web.Error{Message: "check found " + plural(len(f.Problems), "problem"), Hint: "each line says its cure; nhacviec tasks --review lists what else to look at", Exit: web.ExitProblems}
	}
	return nil
}
