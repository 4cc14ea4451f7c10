package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"nhacviec/tasks"
)

// sink is a channel's server, in a process of its own, that counts what it
// takes.
type sink struct {
	port  int
	child *exec.Cmd
	in    io.Closer
	out   *bufio.Reader
}

// startSink starts one that is a round trip away.
func startSink(b *testing.B, ch tasks.Channel, trip time.Duration) *sink {
	b.Helper()
	s := &sink{child: exec.Command("sink", string(ch), trip.String())}
	s.child.Stderr = os.Stderr
	in, err := s.child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := s.child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := s.child.Start(); err != nil {
		b.Fatal(err)
	}
	s.in, s.out = in, bufio.NewReader(out)
	if _, err := fmt.Fscanln(s.out, &s.port); err != nil {
		b.Fatal(err)
	}
	return s
}

// stop ends it and returns how many messages it took.
func (s *sink) stop(b *testing.B) (messages int) {
	b.Helper()
	if err := s.in.Close(); err != nil {
		b.Fatal(err)
	}
	if _, err := fmt.Fscanln(s.out, &messages); err != nil {
		b.Fatal(err)
	}
	if err := s.child.Wait(); err != nil {
		b.Fatal(err)
	}
	return messages
}

// runSink is the command behind startSink. It prints its port, and at the end
// of its standard input the number of messages.
func runSink() {
	trip, err := time.ParseDuration(os.Args[2])
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var taken atomic.Int64
	if tasks.Channel(os.Args[1]) == tasks.Telegram {
		go func() { _ = http.Serve(&faraway{l, trip / 2}, botAPI(&taken)) }()
	} else {
		server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return counting{&taken}, nil }))
		server.Domain = "localhost"
		go func() { _ = server.Serve(&faraway{l, trip / 2}) }()
	}
	fmt.Println(l.Addr().(*net.TCPAddr).Port)
	_, _ = io.Copy(io.Discard, os.Stdin)
	fmt.Println(taken.Load())
}

// botAPI takes every message of a bot.
func botAPI(taken *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"ok":true,"result":{"message_id":%d}}`, taken.Add(1))
	}
}

// counting is a session that reads mails and forgets them.
type counting struct{ mails *atomic.Int64 }

func (counting) Mail(string, *smtp.MailOptions) error { return nil }
func (counting) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (counting) Reset()                               {}
func (counting) Logout() error                        { return nil }

func (c counting) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	c.mails.Add(1)
	return err
}

// faraway holds back what passes over its connections, each way, for a while.
type faraway struct {
	net.Listener
	wait time.Duration
}

func (f *faraway) Accept() (net.Conn, error) {
	conn, err := f.Listener.Accept()
	if err != nil || f.wait == 0 {
		return conn, err
	}
	near, far := net.Pipe()
	go holdBack(far, conn, f.wait)
	go holdBack(conn, far, f.wait)
	return near, nil
}

// holdBack copies what it reads, each piece so long after it came.
func holdBack(to io.WriteCloser, from io.Reader, wait time.Duration) {
	type piece struct {
		data []byte
		due  time.Time
	}
	pieces := make(chan piece, 1000)
	go func() {
		defer to.Close()
		for p := range pieces {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.data); err != nil {
				return
			}
		}
	}()
	defer close(pieces)
	for {
		buf := make([]byte, 32<<10)
		n, err := from.Read(buf)
		if n > 0 {
			pieces <- piece{buf[:n], time.Now().Add(wait)}
		}
		if err != nil {
			return
		}
	}
}
