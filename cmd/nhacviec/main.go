// Command nhacviec reminds the units of an office of their tasks: it reads a
// plan's task table as the office issued it, works out every deadline in it,
// and tells each responsible unit in time, by email, Telegram and Zalo.
//
// This package is the only room that knows everyone: the config, the wiring,
// and one file a verb.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nhacviec/web"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program: it returns the exit code.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&app{stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now}).run(args)
}

const aboutNhacviec = `nhacviec reads a plan's task table, works out every deadline in it, and reminds
each responsible unit in time: by email, Telegram and Zalo.`

// newRootCommand returns the command with all its verbs.
func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "nhacviec",
		Short: "Remind the units of an office of their tasks",
		Long:  aboutNhacviec,
		Example: `  nhacviec check
  nhacviec import ke-hoach-05.md --plan ct05 --issued 05/06/2023
  nhacviec tasks --state overdue
  nhacviec forecast`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE:          a.helpOrUnknown,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return flagError(cmd, err) })
	flags := root.PersistentFlags()
	flags.StringVarP(&a.configFlag, "config", "c", "", "config file (default $NHACVIEC_CONFIG, "+strings.Join(configPlaces, ", ")+")")
	flags.BoolVar(&a.json, "json", false, "print one JSON value")
	flags.BoolVarP(&a.quiet, "quiet", "q", false, "print no messages besides errors, nor what a verb has done")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "say where the answers come from")
	root.AddGroup(
		&cobra.Group{ID: "work", Title: "Plans and tasks:"},
		&cobra.Group{ID: "sending", Title: "What is sent:"},
		&cobra.Group{ID: "service", Title: "The service:"})
	for group, commands := range map[string][]*cobra.Command{
		"work":    {newImportCommand(a), newExportCommand(a), newPlansCommand(a), newUnitsCommand(a), newTasksCommand(a), newTaskCommand(a), newDeadlineCommand(a)},
		"sending": {newForecastCommand(a), newExplainCommand(a), newLedgerCommand(a), newVerifyCommand(a), newOutboxCommand(a), newResendCommand(a), newSendTestCommand(a)},
		"service": {newServeCommand(a), newDemoCommand(a), newCheckCommand(a), newStatusCommand(a), newReloadCommand(a), newBackupCommand(a), newRestoreCommand(a), newLookCommand(a), newVersionCommand(a)},
	} {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	root.SetHelpCommandGroupID("service")
	root.SetCompletionCommandGroupID("service")
	return root
}

// helpOrUnknown is what a command with verbs does by itself: no argument gets
// help, anything else is no verb.
func (a *app) helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	hint := cmd.CommandPath() + " --help lists the verbs"
	cmd.SuggestionsMinimumDistance = 2
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		hint = "did you mean " + strings.Join(like, " or ") + "? " + hint
	}
	return web.Usage(fmt.Sprintf("%q is no verb of %s", args[0], cmd.CommandPath()), hint)
}

// flagError turns what the flag library says into an error with a suggestion.
func flagError(cmd *cobra.Command, err error) error {
	hint := cmd.CommandPath() + " --help lists the flags"
	if _, name, found := strings.Cut(err.Error(), "unknown flag: --"); found {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if like := didYouMean(name, names); like != "" {
			hint = strings.ReplaceAll(strings.TrimPrefix(like, "; "), `"`, "") + " " + hint
		}
	} else if strings.HasPrefix(err.Error(), "unknown shorthand flag") {
		hint += `; what begins with a hyphen and is none stands behind "--"`
	}
	return web.Usage(err.Error(), hint)
}
