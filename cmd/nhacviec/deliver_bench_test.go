package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"nhacviec/notify"
	"nhacviec/notify/notifytest"
	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// benchConnections is how many connections both sides of BenchmarkDeliver use.
const benchConnections = 4

// BenchmarkDeliver sends 5,000 mails, each to its own recipient,
// with durable records and ledger entries, and after it the same mails through
// a bare go-mail loop over as many connections, to the same server. It reports
// both speeds and their ratio:
//
//	go test ./cmd/nhacviec -run '^$' -bench Deliver -benchtime 1x
func BenchmarkDeliver(b *testing.B) {
	for _, c := range []struct {
		name  string
		mails int
		trip  time.Duration
	}{{"local", 5000, 0}, {"5ms round trips", 1000, 5 * time.Millisecond}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				server, err := notifytest.StartSMTP(notifytest.SMTPSetup{})
				if err != nil {
					b.Fatal(err)
				}
				port := server.Port()
				if c.trip > 0 {
					port = relay(b, port, c.trip/2)
				}
				office := newBenchOffice(b, c.mails, port)
				began := time.Now()
				peak := peakHeap(func() { office.deliverer.Drain(b.Context()) })
				ours := float64(c.mails) / time.Since(began).Seconds()
				if got := len(server.Accepted()); got != c.mails {
					b.Fatalf("%d mails arrived, want %d", got, c.mails)
				}
				sample := server.Accepted()[0]
				b.ReportMetric(float64(len(sample.Raw)), "bytes/mail")
				began = time.Now()
				bareLoop(b, port, c.mails, sample)
				raw := float64(c.mails) / time.Since(began).Seconds()
				b.ReportMetric(ours, "mails/s")
				b.ReportMetric(raw, "raw-mails/s")
				b.ReportMetric(ours/raw, "ratio")
				b.ReportMetric(peak, "peak-MB")
				if err := server.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// peakHeap runs fn and returns the largest heap seen meanwhile, in MB: that of
// the server in the same process too.
func peakHeap(fn func()) float64 {
	var peak atomic.Uint64
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapInuse))
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	fn()
	close(stop)
	watching.Wait()
	return float64(peak.Load()) / (1 << 20)
}

// newBenchOffice returns a daemon in whose outbox so many mails wait.
func newBenchOffice(b *testing.B, mails, port int) *daemon {
	b.Helper()
	st, err := store.Open(filepath.Join(b.TempDir(), "nhacviec.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	day := tasks.DateOf(time.Date(2023, 6, 30, 0, 0, 0, 0, time.UTC))
	units := make([]tasks.Unit, mails)
	tt := make([]tasks.Task, mails)
	for i := range mails {
		code := fmt.Sprintf("don-vi-%d", i)
		units[i] = tasks.Unit{Code: code, Name: "Đơn vị số " + strconv.Itoa(i), Addresses: map[tasks.Channel][]string{tasks.Email: {code + "@example.gov.vn"}}}
		tt[i] = tasks.Task{Key: tasks.Key{Plan: "p", No: tasks.Number(strconv.Itoa(i + 1))}, Lead: tasks.UnitRef{Code: code, Text: units[i].Name},
			Content: "Rà soát, cập nhật, làm sạch dữ liệu trên địa bàn thành phố", Status: tasks.Open, DeadlineOn: day - 20,
			Deadline: tasks.Deadline{Text: "Trước ngày 03/7/2023", Kind: tasks.Dated, Due: []tasks.Date{day + 3}, Version: 1}}
	}
	directory, problems := tasks.NewDirectory(units)
	if len(problems) > 0 {
		b.Fatal(problems[0])
	}
	_, err = st.Import(tasks.Plan{ID: "p", Title: "Kế hoạch", Issued: day - 20}, time.Now(), "bench", "", func([]tasks.Task) (tasks.Difference, error) {
		return tasks.Difference{New: tt}, nil
	})
	if err != nil {
		b.Fatal(err)
	}
	schedule, err := scheduler.ParseCron("30 7 * * *")
	if err != nil {
		b.Fatal(err)
	}
	at := day.At(7, 30, time.UTC)
	rule := scheduler.Rule{Name: "sap-den-han", Cron: "30 7 * * *", Schedule: schedule, Tasks: []tasks.Kind{tasks.Dated}, To: []string{scheduler.RoleLead},
		Before: []int{3}, Channels: []tasks.Channel{tasks.Email}}
	setup := scheduler.Setup{Rules: []scheduler.Rule{rule}, Units: directory, Office: tasks.Office{Unit: "don-vi-0"}, Channels: []tasks.Channel{tasks.Email},
		Calendar: scheduler.Calendar{Location: time.UTC, Workdays: [7]bool{true, true, true, true, true, true, true}}}
	sender, err := notify.NewEmail(notify.EmailConfig{Host: "127.0.0.1", Port: port, TLS: notify.NoTLS, From: "nhacviec@example.gov.vn", Connections: benchConnections})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { sender.Close() })
	lanes := map[tasks.Channel]scheduler.Lane{tasks.Email: {Sender: sender, Workers: benchConnections}}
	d, err := newDaemon(setup, st, lanes, func() time.Time { return at }, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	for _, now := range []time.Time{at.Add(-time.Minute), at} {
		if _, err := d.loop.Pass(now); err != nil {
			b.Fatal(err)
		}
	}
	return d
}

// bareLoop sends like mails as fast as go-mail can over kept connections,
// without asking the server in between whether it still listens.
func bareLoop(b *testing.B, port, mails int, like notifytest.Message) {
	b.Helper()
	var next atomic.Int64
	var senders sync.WaitGroup
	for range benchConnections {
		senders.Go(func() {
			conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				b.Error(err)
				return
			}
			client, err := smtp.NewClient(conn, "127.0.0.1")
			if err != nil {
				b.Error(err)
				return
			}
			defer client.Close()
			for i := next.Add(1); i <= int64(mails); i = next.Add(1) {
				if err := bareSend(client, i, like); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	senders.Wait()
}

func bareSend(client *smtp.Client, i int64, like notifytest.Message) error {
	to := fmt.Sprintf("don-vi-%d@example.gov.vn", i)
	m := mail.NewMsg()
	if err := m.From("nhacviec@example.gov.vn"); err != nil {
		return err
	}
	if err := m.To(to); err != nil {
		return err
	}
	m.Subject("Nhắc hạn")
	m.SetMessageIDWithValue(fmt.Sprintf("%d@example.gov.vn", i))
	m.SetBodyString(mail.TypeTextPlain, like.Text)
	m.AddAlternativeString(mail.TypeTextHTML, like.HTML)
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return err
	}
	if err := client.Mail("<nhacviec@example.gov.vn>"); err != nil {
		return err
	}
	if err := client.Rcpt("<" + to + ">"); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(raw.Bytes()); err != nil {
		return err
	}
	return w.Close()
}

// relay stands between a client and a port on this machine and holds back
// everything, each way, for a while. It returns its own port.
func relay(b *testing.B, port int, wait time.Duration) int {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	b.Cleanup(func() { stop(); l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				near.Close()
				continue
			}
			context.AfterFunc(ctx, func() { near.Close(); far.Close() })
			go holdBack(far, near, wait)
			go holdBack(near, far, wait)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
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
