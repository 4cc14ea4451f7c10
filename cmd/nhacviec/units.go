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
each. All of it may stand at the end of the config: words that resemble no unit
become units of their own, which then want addresses. Words that nearly name a
unit are only asked about, in comments: which of the lines there is right, and
in which table it belongs. When they are as you want them: nhacviec reload`,
		Example: "  nhacviec units\n  nhacviec units --json\n  nhacviec units --unresolved >> config.toml",
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
	if err := a.printTableAfter("# ", []string{"TIMES", "AS", "TEXT", "TASKS", "DID YOU MEAN"}, rows); err != nil {
		return err
	}
	for _, line := range cureLines(found) {
		if err := a.printLine(line); err != nil {
			return err
		}
	}
	return nil
}

// cureLines returns the config that settles words, which may stand at the end
// of a config as it is: what there is to choose is in comments.
func cureLines(found []tasks.Unresolved) (lines []string) {
	wordsFor := map[string][]string{} // unit -> words that may be another alias of it
	for _, u := range found {
		words := strconv.Quote(u.Text)
		if len(u.Cures) == 1 {
			lines = append(lines, "", "# "+words+": a new unit")
			lines = append(lines, strings.Split(u.Cures[0].TOML, "\n")...)
			continue
		}
		lines = append(lines, "", "# "+words+": if a unit below is meant, give it this line in place of its aliases")
		for _, cure := range u.Cures {
			if cure.New {
				lines = append(lines, "# or else it is a new unit:")
				for line := range strings.SplitSeq(cure.TOML, "\n") {
					lines = append(lines, "# "+line)
				}
				continue
			}
			if before := wordsFor[cure.Unit]; len(before) > 0 {
				lines = append(lines, "# (and keep in the list what you put there for "+strings.Join(before, ", ")+")")
			}
			wordsFor[cure.Unit] = append(wordsFor[cure.Unit], words)
			lines = append(lines, cure.TOML)
		}
	}
	return lines
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
