package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// onTerminal reports whether a person may sit behind a stream. /dev/null is a
// device too, but nobody sits there.
func onTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// yes asks the person at the terminal; without one, or without an answer, it is
// a no.
func (a *app) yes(question string) bool {
	if !onTerminal(a.stdin) {
		return false
	}
	fmt.Fprint(a.stderr, oneLine(question)+" [y/N] ")
	answer, _ := bufio.NewReader(a.stdin).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "c", "có", "co":
		return true
	}
	return false
}

// during runs fn, and shows on a terminal that it still runs.
func (a *app) during(what string, fn func()) {
	if a.quiet || !onTerminal(a.stderr) {
		fn()
		return
	}
	progress(a.stderr, what, fn)
}

// progress runs fn, and from the first second on shows how long it has run, in
// one line that is gone afterwards.
func progress(w io.Writer, what string, fn func()) {
	done := make(chan struct{})
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		begun, wrote := time.Now(), false
		for {
			select {
			case <-ticker.C:
				fmt.Fprintf(w, "\r%s: %d s\x1b[K", oneLine(what), int(time.Since(begun).Seconds()))
				wrote = true
			case <-done:
				if wrote {
					fmt.Fprint(w, "\r\x1b[K")
				}
				return
			}
		}
	}()
	defer func() {
		close(done)
		<-shown
	}()
	fn()
}
