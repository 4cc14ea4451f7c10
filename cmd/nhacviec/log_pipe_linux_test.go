package main

import (
	"bufio"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A pipe that nobody reads holds nothing up, and says what was lost when it is
// read again.
func TestLogPipeThatNobodyReads(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, os.Getpagesize()); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&pipeLog{file: w, patience: time.Millisecond}, nil))
	const lines = 500
	for range lines {
		log.Info("sent", "padding", strings.Repeat("x", 100))
	}
	log.Info("long", "padding", strings.Repeat("x", 20_000))
	read := make(chan []string)
	go func() {
		var got []string
		for s := bufio.NewScanner(r); s.Scan(); {
			if got = append(got, s.Text()); strings.Contains(s.Text(), "msg=again") {
				break
			}
		}
		read <- got
	}()
	var got []string
	for got == nil { // until the reader has made room
		log.Info("again")
		select {
		case got = <-read:
		default:
		}
	}
	whole, note := 0, ""
	for _, line := range got {
		if strings.Contains(line, "msg=sent") {
			whole++
		} else if strings.Contains(line, "were lost") {
			note = line
		}
	}
	if whole == 0 || whole == lines {
		t.Errorf("%d of %d lines are in a pipe of a page", whole, lines)
	}
	if !strings.HasPrefix(note, "nhacviec: ") {
		t.Errorf("nothing says that lines were lost: %q", got[len(got)-1])
	}
}

// A pipe whose reader is gone is an error of the log, not of what logs.
func TestLogPipeThatIsClosed(t *testing.T) {
	t.Parallel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	l := &pipeLog{file: w, patience: time.Hour}
	if _, err := l.Write([]byte("x\n")); err == nil {
		t.Error("it is written")
	}
}
