package main

import (
	"fmt"
	"os"
	"os/user"
	"strings"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/web"
)

// noArguments refuses arguments.
func (a *app) noArguments(cmd *cobra.Command, args []string) error {
	return arguments()(cmd, args)
}

// arguments wants one argument for each name.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return web.Usage(fmt.Sprintf("%s needs %s", cmd.CommandPath(), strings.Join(names[len(args):], " and ")), usageHint(cmd))
		case len(names) == 0 && len(args) > 0:
			return web.Usage(fmt.Sprintf("%s takes no argument, and got %q", cmd.CommandPath(), args[0]), usageHint(cmd))
		case len(args) > len(names):
			return web.Usage(fmt.Sprintf("%s takes %s, and got %q besides", cmd.CommandPath(), strings.Join(names, " and "), args[len(names)]), usageHint(cmd))
		}
		return nil
	}
}

func usageHint(cmd *cobra.Command) string {
	example, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n")
	return "for example: " + example
}

// dateFlag is a flag that is a date: 30/06/2023, or 2023-06-30.
type dateFlag struct{ tasks.Date }

func (d *dateFlag) String() string { return d.Date.String() }

// Type is what the help calls the value.
func (d *dateFlag) Type() string { return "DATE" }

// Set reads the value.
func (d *dateFlag) Set(text string) (err error) {
	d.Date, err = readDate(text)
	return err
}

// readDate reads 30/06/2023 or 2023-06-30.
func readDate(text string) (tasks.Date, error) {
	text = strings.TrimSpace(text)
	if strings.Contains(text, "/") {
		return tasks.ParseDay(text)
	}
	d, err := tasks.ParseDate(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a date that exists, of the form 30/06/2023 or 2023-06-30", text)
	}
	return d, nil
}

// oneOfFlag refuses a word that a flag cannot be.
func oneOfFlag(flag, word string, words []string) error {
	for _, w := range words {
		if w == word {
			return nil
		}
	}
	if word == "" {
		return nil
	}
	hint := strings.TrimPrefix(didYouMean(word, words)+" ", "; ")
	return web.Usage(fmt.Sprintf("--%s: no %s is called %q", flag, flag, word), strings.TrimSpace(hint+"one of: "+strings.Join(words, ", ")))
}

// completeWith offers words for a flag to the shell.
func completeWith(cmd *cobra.Command, flag string, words []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag does not exist: a fault of the program
	}
}

// whoAsks returns the name of the user, for the ledger.
func whoAsks() string {
	if name := os.Getenv("SUDO_USER"); name != "" && os.Geteuid() == 0 {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}
