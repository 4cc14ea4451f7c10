package scheduler

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"nhacviec/tasks"
)

// Explanation says who is told about a task, when, by which rule, and why not.
type Explanation struct {
	On    tasks.Date        `json:"on"`
	Task  tasks.View        `json:"task"`
	Rules []RuleExplanation `json:"rules"`
	// Next holds the messages of the coming days that name the task, with only
	// the task's own steps.
	Next []tasks.Message `json:"next"`
}

// RuleExplanation says what one rule does with the task on the day.
type RuleExplanation struct {
	Rule    string            `json:"rule"`
	Cron    string            `json:"cron"`
	Applies bool              `json:"applies"`
	Why     string            `json:"why"`
	Told    []tasks.Recipient `json:"told"`
	Steps   []tasks.Step      `json:"steps"` // ripe on the day
	Already []tasks.Recipient `json:"already"`
}

// explainAhead is how far Explain looks for the next messages: the longest
// lead times of real configs and a quarter of overdue steps lie within.
const explainAhead = 120

// Explain looks at one task on a day through the same eyes as Plan. What is
// still to come on the day that it is now is counted from now on.
func Explain(t tasks.Task, s Setup, sent tasks.Sent, on tasks.Date, now time.Time) Explanation {
	t = s.Units.Resolve(t)
	out := Explanation{On: on, Task: tasks.NewView(t, s.Units, on, s.Soon()), Rules: []RuleExplanation{}, Next: []tasks.Message{}}
	for _, r := range s.Rules {
		if r.Message == "" {
			out.Rules = append(out.Rules, s.explainRule(r, t, sent, on))
		}
	}
	from := on.At(0, 0, s.Calendar.Location)
	if now = now.In(s.Calendar.Location); tasks.DateOf(now) == on {
		from = now
	}
	for _, m := range Forecast([]tasks.Task{t}, s, sent, from, from.AddDate(0, 0, explainAhead)) {
		if m.Kind == tasks.Reminder {
			out.Next = append(out.Next, m.Public())
		}
	}
	return out
}

func (s Setup) explainRule(r Rule, t tasks.Task, sent tasks.Sent, on tasks.Date) RuleExplanation {
	out := RuleExplanation{Rule: r.Name, Cron: r.Cron, Told: []tasks.Recipient{}, Steps: []tasks.Step{}, Already: []tasks.Recipient{}}
	wants := t.Wants()
	switch {
	case wants == "" && t.Status != tasks.Open:
		out.Why = fmt.Sprintf("the task is %s", t.Status)
		return out
	case t.Deadline.Source == tasks.FromSubTasks:
		out.Why = "its sub-tasks have the deadlines, and are reminded of"
		return out
	case wants == "":
		out.Why = "the deadline needs review first: see nhacviec tasks --review"
		return out
	case !slices.Contains(r.Tasks, wants):
		out.Why = fmt.Sprintf("the task is %s, the rule is for %s", wants, join(r.Tasks))
		return out
	case len(s.channels(r)) == 0:
		out.Why = fmt.Sprintf("none of its channels (%s) is configured", join(r.Channels))
		return out
	}
	fire := Fire{r, on.At(23, 59, s.Calendar.Location)}
	for _, step := range s.ripe(fire, t, on) {
		out.Steps = append(out.Steps, step)
		series, rank, _ := step.Mark()
		for _, rec := range s.told(r, t, step, on) {
			key := tasks.SentKey{Key: t.Key, Version: step.Version, Series: series, Recipient: rec}
			if told, ok := sent[key]; ok && told >= rank {
				out.Already = append(out.Already, rec)
			}
		}
	}
	due := t.NextDue(on)
	out.Told = append(out.Told, s.told(r, t, tasks.Step{Due: due}, on)...)
	switch {
	case len(out.Told) == 0:
		out.Why = fmt.Sprintf("nobody: %s has no address on %s", strings.Join(r.To, ", "), join(r.Channels))
		return out
	case len(out.Steps) == 0 && t.Deadline.From > on:
		out.Why = "not before " + t.Deadline.From.Day()
	case len(out.Steps) == 0:
		out.Why = fmt.Sprintf("no step is ripe yet: due %s, told %s days before", due.Day(), join(r.Before))
	default:
		out.Why = "ripe: " + out.Steps[0].Name
	}
	out.Applies = true
	return out
}

func join[T any](list []T) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, ", ")
}
