package main

import (
	"fmt"
	"os"
	"os/user"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nhacviec/tasks"
	"nhacviec/web"
)

// arguments wants one argument for each name, and without names none.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return web.Usage(fmt.Sprintf("%s needs %s", verbOf(cmd), strings.Join(names[len(args):], " and ")), usageHint(cmd))
		case len(names) == 0 && len(args) > 0:
			return web.Usage(fmt.Sprintf("%s takes no argument, and got %q", verbOf(cmd), args[0]), usageHint(cmd))
		case len(args) > len(names):
			return web.Usage(fmt.Sprintf("%s takes %s, and got %q besides", verbOf(cmd), strings.Join(names, " and "), args[len(names)]), usageHint(cmd))
		}
		for i, name := range names {
			if name == "FILE" && args[i] == "" {
				return web.Usage(verbOf(cmd)+" needs the name of a file, and got an empty one", usageHint(cmd))
			}
		}
		return nil
	}
}

// verbOf returns what a user calls a command: "task done".
func verbOf(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
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

var (
	dayForm = regexp.MustCompile(`^([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})$`)
	isoForm = regexp.MustCompile(`^([0-9]{4})-([0-9]{2})-([0-9]{2})$`)
)

// readDate reads 30/06/2023 or 2023-06-30.
func readDate(text string) (tasks.Date, error) {
	var day, month, year string
	if m := dayForm.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		day, month, year = m[1], m[2], m[3]
	} else if m := isoForm.FindStringSubmatch(strings.TrimSpace(text)); m != nil {
		year, month, day = m[1], m[2], m[3]
	} else {
		return 0, fmt.Errorf("%q is not a date of the form 30/06/2023 or 2023-06-30", text)
	}
	number := func(digits string) int {
		n, _ := strconv.Atoi(digits) // four digits at most
		return n
	}
	return tasks.NewDate(number(year), time.Month(number(month)), number(day))
}

// oneOfFlag refuses a word that a flag cannot be.
func oneOfFlag(flag, word string, words []string) error {
	if word == "" {
		return nil
	}
	return oneOf("--"+flag+": no "+flag, word, words)
}

// oneOf refuses a word that is none of those that may stand there.
func oneOf(none, word string, words []string) error {
	if slices.Contains(words, word) {
		return nil
	}
	hint := strings.TrimPrefix(didYouMean(word, words)+" ", "; ")
	return web.Usage(fmt.Sprintf("%s is called %q", none, word), strings.TrimSpace(hint+"one of: "+strings.Join(words, ", ")))
}

// chatID is a group of Telegram, with or without a topic.
var chatID = regexp.MustCompile(`^-[0-9]+(:[0-9]+)?$`)

// sparedDashes puts the chat of a send-test behind "--", where the flag library
// takes it for an argument: every group's id begins with a hyphen.
func sparedDashes(args []string) []string {
	if !slices.Contains(args, "send-test") || slices.Contains(args, "--") {
		return args
	}
	var flags, chats []string
	for _, arg := range args {
		if chatID.MatchString(arg) {
			chats = append(chats, arg)
		} else {
			flags = append(flags, arg)
		}
	}
	if len(chats) == 0 {
		return args
	}
	return slices.Concat(flags, []string{"--"}, chats)
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
