package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/web"
)

func newUnitsCommand(a *app) *cobra.Command {
	var unresolved bool
	cmd := &cobra.Command{
		Use:   "units",
		Short: "List the units of the config and the tasks that they have",
		Long: `Units lists the units of the config, how many tasks each has that are not done,
and where it is told of them.

With --unresolved it lists the words of the plans that mean no unit, how often
they occur and in which tasks, and under them lines of config.toml that settle
each: more aliases for a unit that they may mean, or a new unit. Which of them
is right is yours to say; put it into the config and run: nhacviec reload`,
		Example: "  nhacviec units\n  nhacviec units --json\n  nhacviec units --unresolved",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				if unresolved {
					found, err := c.Unresolved(ctx)
					if err != nil {
						return err
					}
					return a.printUnresolved(found)
				}
				units, err := c.Units(ctx)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(units)
				}
				var rows [][]string
				for _, u := range units {
					rows = append(rows, []string{u.Code, cut(u.Name, unitWidth), strconv.Itoa(u.Leads), strconv.Itoa(u.Coordinates), strconv.Itoa(u.Late), reached(u.Unit)})
				}
				return a.printTable([]string{"CODE", "NAME", "LEADS", "COORDINATES", "OVERDUE", "TOLD AT"}, rows)
			})
		},
	}
	cmd.Flags().BoolVar(&unresolved, "unresolved", false, "list the words that mean no unit, and what would settle them")
	return cmd
}

// printUnresolved prints words that mean no unit, and the config that would
// settle them.
func (a *app) printUnresolved(found []tasks.Unresolved) error {
	if a.json {
		return a.printJSON(found)
	}
	if len(found) == 0 {
		a.say("every unit that the open tasks name is in the config")
		return nil
	}
	var rows [][]string
	for _, u := range found {
		numbers := make([]string, len(u.Tasks))
		for i, key := range u.Tasks {
			numbers[i] = key.String()
		}
		as := "coordinating"
		switch u.Leads {
		case 0:
		case u.Times:
			as = "lead"
		default:
			as = "both"
		}
		rows = append(rows, []string{strconv.Itoa(u.Times), as, strconv.Quote(cut(u.Text, wordWidth)), cut(strings.Join(numbers, ", "), wordWidth), strings.Join(u.Like, ", ")})
	}
	if err := a.printTable([]string{"TIMES", "AS", "TEXT", "TASKS", "DID YOU MEAN"}, rows); err != nil {
		return err
	}
	for _, u := range found {
		for i, cure := range u.Cures {
			what := "in [units." + cure.Unit + "], as its aliases"
			if cure.New {
				what = "a new unit"
			}
			if i > 0 {
				what = "or " + what
			}
			lines := []string{"", "# " + strconv.Quote(u.Text) + ": " + what}
			for _, line := range append(lines, strings.Split(cure.TOML, "\n")...) {
				if err := a.printLine(line); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// reached says where a unit is told: its addresses, or its members.
func reached(u tasks.Unit) string {
	var all []string
	for _, ch := range tasks.Channels {
		for _, address := range u.Addresses[ch] {
			all = append(all, string(ch)+" "+address)
		}
	}
	if len(u.Members) > 0 {
		all = append(all, "each of "+cut(strings.Join(u.Members, ", "), wordWidth))
	}
	return strings.Join(all, ", ")
}
