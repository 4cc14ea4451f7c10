package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// This file is how nhacviec speaks on a terminal. What was asked for goes to
// standard output and nothing else does: it is for pipes. Messages go to
// standard error; -q silences them, and what a verb says of what it did. Errors
// are printed by run alone.

// printJSON prints one JSON value.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printDone says what a verb did: as JSON, for people, or with -q not at all.
func (a *app) printDone(done any, print func() error) error {
	switch {
	case a.json:
		return a.printJSON(done)
	case a.quiet:
		return nil
	}
	return print()
}

// printLine prints one line.
func (a *app) printLine(text string) error {
	_, err := fmt.Fprintln(a.stdout, oneLine(text))
	return err
}

// printTable prints rows under a head; a table without rows is not printed.
// tabwriter counts runes, so the cells are made NFC.
func (a *app) printTable(head []string, rows [][]string) error {
	return a.printTableAfter("", head, rows)
}

// printTableAfter is printTable with something in front of each line.
func (a *app) printTableAfter(front string, head []string, rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	var aligned strings.Builder
	w := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		for _, cell := range row {
			fmt.Fprint(w, oneLine(cell), "\t")
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(aligned.String()) {
		if _, err := fmt.Fprintln(a.stdout, front+strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// say prints a message.
func (a *app) say(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintln(a.stderr, oneLine(fmt.Sprintf(format, args...)))
	}
}

// sayMore prints a message that only -v asks for.
func (a *app) sayMore(format string, args ...any) {
	if a.verbose {
		a.say(format, args...)
	}
}

// oneLine makes text fit for one cell of a terminal: NFC, no line breaks, and
// nothing that a terminal would obey.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	return norm.NFC.String(text)
}

// cut shortens text to a number of runes, at a word.
func cut(text string, limit int) string {
	text = oneLine(text)
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	runes := []rune(text)
	head := string(runes[:limit-1])
	if i := strings.LastIndexByte(head, ' '); i > len(head)/2 && runes[limit-1] != ' ' {
		head = head[:i]
	}
	return strings.TrimRight(head, " ,;:.") + "…"
}

// clock returns an instant as people read it, and "" for none.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("02/01/2006 15:04")
}

// plural returns "1 task", "2 tasks".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
