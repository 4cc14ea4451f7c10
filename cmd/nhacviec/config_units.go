package main

import (
	"cmp"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"nhacviec/notify"
	"nhacviec/scheduler"
	"nhacviec/tasks"
)

// code is what units and rules may be called.
var code = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const codeForm = `must be lower-case letters a-z, digits and single hyphens, such as "cong-an"`

// units makes the directory of the [units.…] tables.
func (c *checker) units(tables map[string]unitTable) *tasks.Directory {
	if len(tables) == 0 && !c.refused["units"] {
		c.refuse("units", "there is no unit; add tables such as [units.cong-an]")
	}
	var list []tasks.Unit
	for _, name := range c.inOrder("units", slices.Collect(maps.Keys(tables))) {
		list = append(list, c.unit(name, tables[name], slices.Collect(maps.Keys(tables))))
	}
	directory, problems := tasks.NewDirectory(list)
	for _, p := range problems {
		c.unitProblem(p, tables[p.Code])
	}
	return directory
}

func (c *checker) unit(name string, t unitTable, codes []string) tasks.Unit {
	path := keyPath("units", name)
	switch {
	case !code.MatchString(name):
		c.refuse(path, codeForm, name)
	case slices.Contains(scheduler.Roles, name):
		c.refuse(path, "is the name of a role; a unit needs another code", name)
	}
	c.required(path+".name", t.Name)
	u := tasks.Unit{
		Code:      name,
		Name:      tasks.Clean(t.Name),
		Head:      tasks.Clean(t.Head),
		Superior:  t.Superior,
		Members:   t.Members,
		Addresses: map[tasks.Channel][]string{},
	}
	for i, a := range t.Aliases {
		u.Aliases = append(u.Aliases, tasks.Clean(a))
		if strings.TrimSpace(a) == "" && !c.refused[element(path+".aliases", i)] {
			c.refuse(element(path+".aliases", i), "must not be empty")
		}
	}
	for channel, addresses := range t.addresses() {
		if len(addresses) == 0 {
			continue
		}
		list := path + "." + string(channel)
		c.distinct(list, addresses)
		for i, a := range addresses {
			if c.refused[element(list, i)] {
				continue
			}
			if err := notify.CheckAddress(channel, a); err != nil {
				// The cause: the rest repeats channel and address.
				c.refuse(element(list, i), cmp.Or(errors.Unwrap(err), err).Error(), a)
			}
		}
		u.Addresses[channel] = addresses
	}
	if s := path + ".superior"; t.Superior != "" && !slices.Contains(codes, t.Superior) {
		c.refuse(s, "is not the code of a unit"+didYouMean(t.Superior, codes), t.Superior)
	}
	c.distinct(path+".members", t.Members)
	for i, m := range t.Members {
		if p := element(path+".members", i); !slices.Contains(codes, m) && !c.refused[p] {
			c.refuse(p, "is not the code of a unit"+didYouMean(m, codes), m)
		}
	}
	return u
}

// addresses returns a unit's addresses by channel.
func (t unitTable) addresses() map[tasks.Channel][]string {
	return map[tasks.Channel][]string{
		tasks.Email:    t.Email,
		tasks.Telegram: t.Telegram,
		tasks.ZaloBot:  t.ZaloBot,
		tasks.ZaloOA:   t.ZaloOA,
	}
}

// unitProblem puts what the directory found at the key it speaks of, unless
// something was found there already.
func (c *checker) unitProblem(p tasks.UnitProblem, t unitTable) {
	path := keyPath("units", p.Code)
	if p.Field != "code" {
		path += "." + p.Field
		lists := map[string][]string{"aliases": t.Aliases, "members": t.Members}
		for i, v := range lists[p.Field] {
			if v == p.Value || tasks.Clean(v) == p.Value {
				path = element(path, i)
				break
			}
		}
	}
	if !c.refused[path] {
		c.refuse(path, p.Reason, p.Value)
	}
}

// inOrder sorts the names of tables as the file has them.
func (c *checker) inOrder(table string, names []string) []string {
	slices.SortFunc(names, func(a, b string) int {
		if d := c.file.lines[keyPath(table, a)] - c.file.lines[keyPath(table, b)]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names
}

// office checks the [office] table.
func (c *checker) office(t officeTable, units map[string]unitTable) tasks.Office {
	c.required("office.organization", t.Organization)
	if c.required("office.unit", t.Unit) && len(units) > 0 {
		if _, ok := units[t.Unit]; !ok {
			c.refuse("office.unit", "is not the code of a unit"+didYouMean(t.Unit, slices.Collect(maps.Keys(units))), t.Unit)
		}
	}
	return tasks.Office{
		Organization: tasks.Clean(t.Organization),
		Unit:         t.Unit,
		Contact:      tasks.Clean(t.Contact),
	}
}
