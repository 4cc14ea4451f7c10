package main

import (
	"maps"
	"slices"
	"strconv"

	"nhacviec/scheduler"
	"nhacviec/tasks"
)

// maxDays bounds every number of days in a rule: the longest period of a
// deadline is a year.
const maxDays = 366

// kinds are the kinds of deadline that a rule can choose.
var kinds = []tasks.Kind{tasks.Dated, tasks.Periodic, tasks.Ongoing, tasks.Awaiting}

// rules checks the [rules.…] tables.
func (c *checker) rules(tables map[string]ruleTable, units map[string]unitTable, channels []tasks.Channel) []scheduler.Rule {
	recipients := slices.Concat(scheduler.Roles, slices.Sorted(maps.Keys(units)))
	var list []scheduler.Rule
	for _, name := range c.inOrder("rules", slices.Collect(maps.Keys(tables))) {
		list = append(list, c.rule(name, tables[name], recipients, channels))
	}
	return list
}

func (c *checker) rule(name string, t ruleTable, recipients []string, channels []tasks.Channel) scheduler.Rule {
	path := keyPath("rules", name)
	if c.refused[path] {
		return scheduler.Rule{} // no table at all
	}
	if !code.MatchString(name) {
		c.refuse(path, codeForm, name)
	}
	r := scheduler.Rule{Name: name, Cron: t.Cron, Channels: channels}
	if c.required(path+".cron", t.Cron) {
		r.Schedule = c.schedule(path+".cron", t.Cron)
	}
	for _, kind := range c.words(path+".tasks", t.Tasks, texts(kinds), "must be "+quotedList(kinds)) {
		r.Tasks = append(r.Tasks, tasks.Kind(kind))
	}
	r.To = c.words(path+".to", t.To, recipients, "is neither a role ("+quotedList(scheduler.Roles)+") nor the code of a unit")
	if c.file.lines[path+".channels"] > 0 {
		r.Channels = nil
		for _, ch := range c.words(path+".channels", t.Channels, texts(tasks.Channels), "must be "+quotedList(tasks.Channels)) {
			r.Channels = append(r.Channels, tasks.Channel(ch))
		}
	}
	for i, n := range t.Before {
		p := element(path+".before", i)
		if c.refused[p] {
			continue
		}
		if slices.Contains(t.Before[:i], n) {
			c.refuse(p, "is listed twice", strconv.Itoa(n))
		}
		r.Before = append(r.Before, c.between(p, n, 0, maxDays, 0))
	}
	r.OverdueEvery = c.between(path+".overdue_every", t.OverdueEvery, 0, maxDays, 0)
	r.EscalateAfter = c.between(path+".escalate_after", t.EscalateAfter, 1, maxDays, 0)
	if p := path + ".on_days_off"; c.given(p) {
		r.AnyDay = c.oneOf(p, t.OnDaysOff, []string{"send"})
	}
	c.warnOfRule(path, r, channels)
	return r
}

// warnOfRule looks for what a rule asks in vain.
func (c *checker) warnOfRule(path string, r scheduler.Rule, channels []tasks.Channel) {
	for _, ch := range r.Channels {
		if !slices.Contains(channels, ch) {
			c.warn(path+".channels", "the channel has no table, so nothing is sent through it", string(ch))
		}
	}
	datesToo := slices.Contains(r.Tasks, tasks.Dated) || slices.Contains(r.Tasks, tasks.Periodic)
	switch hasDays := len(r.Before) > 0 || r.OverdueEvery > 0; {
	case datesToo && !hasDays:
		c.warn(path, "chooses tasks with dates but has neither before nor overdue_every, so it never says anything about them")
	case !datesToo && len(r.Tasks) > 0 && (hasDays || r.EscalateAfter > 0):
		c.warn(path, "before, overdue_every and escalate_after mean nothing here: the rule chooses no tasks with dates")
	case r.EscalateAfter > 0 && r.OverdueEvery == 0:
		c.warn(path+".escalate_after", "means nothing without overdue_every")
	}
}

// notice makes the rule of one of the office's own messages.
func (c *checker) notice(name, cron, otherwise string, kind tasks.MessageKind, channels []tasks.Channel) scheduler.Rule {
	path := "office." + name
	if c.file.lines[path] == 0 {
		cron = otherwise
	}
	r := scheduler.Rule{
		Name:     path,
		Cron:     cron,
		To:       []string{scheduler.RoleOffice},
		Channels: channels,
		Message:  kind,
	}
	if !c.refused[path] {
		r.Schedule = c.schedule(path, cron)
	}
	return r
}

func (c *checker) schedule(path, expr string) scheduler.Schedule {
	s, err := scheduler.ParseCron(expr)
	if err != nil {
		c.refuse(path, "not a schedule: "+err.Error(), expr)
	}
	return s
}

// words checks a list of words from a closed set, each once, and returns it.
func (c *checker) words(path string, list, allowed []string, reason string) []string {
	switch {
	case c.refused[path]:
		return nil
	case c.file.lines[path] == 0:
		c.refuse(path, "is missing")
	case len(list) == 0:
		c.refuse(path, "must not be empty")
	}
	c.distinct(path, list)
	for i, w := range list {
		if p := element(path, i); !c.refused[p] && !slices.Contains(allowed, w) {
			c.refuse(p, reason+didYouMean(w, allowed), w)
		}
	}
	return list
}

func texts[T ~string](words []T) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return out
}

// warnOfSilence looks for units and tasks that no message would reach.
func (c *checker) warnOfSilence(t configTables, config *Config) {
	channels := config.Setup.Channels
	if len(channels) == 0 {
		c.warn("", "no channel is configured, so nobody can be told anything; add [email], [telegram], [zalo_bot] or [zalo_oa]")
		return
	}
	for _, ch := range tasks.Channels {
		if slices.Contains(channels, ch) {
			continue
		}
		for _, u := range config.Units.Units() {
			if len(u.Addresses[ch]) > 0 {
				c.warn(keyPath("units", u.Code)+"."+string(ch), "there is no ["+string(ch)+"] table, so addresses of this channel are not used")
				break
			}
		}
	}
	for _, u := range config.Units.Units() {
		reached := slices.ContainsFunc(config.Units.Audience(u.Code), func(u tasks.Unit) bool {
			return slices.ContainsFunc(channels, func(ch tasks.Channel) bool { return len(u.Addresses[ch]) > 0 })
		})
		if !reached {
			c.warn(keyPath("units", u.Code), "no configured channel reaches this unit: it has no address of its own and no member that has one")
		}
	}
	for _, kind := range kinds {
		if !slices.ContainsFunc(config.Setup.Rules, func(r scheduler.Rule) bool { return slices.Contains(r.Tasks, kind) }) {
			c.warn("rules", "no rule chooses tasks of this kind, so nobody is ever told of them", string(kind))
		}
	}
}
