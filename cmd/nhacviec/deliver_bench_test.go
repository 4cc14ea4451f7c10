package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"nhacviec/notify"
	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// benchConnections is how many connections both sides of BenchmarkDeliver use.
const benchConnections = 8

// BenchmarkDeliver sends 5,000 mails, each to its own recipient, with durable
// records and ledger entries, and after it mails of the same words through a
// bare go-mail loop over as many connections, to the same server, which is a
// process of its own. It reports both speeds and their ratio, and what each mail
// cost this process:
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
				sink := startSink(b, c.trip)
				office, sample := newBenchOffice(b, c.mails, sink.port)
				var peak float64
				ours, cpu := pace(b, c.mails, func() { peak = peakHeap(func() { office.deliverer.Drain(b.Context()) }) })
				raw, rawCPU := pace(b, c.mails, func() { bareLoop(b, sink.port, c.mails, sample.Outgoing) })
				if got := sink.stop(b); got != 2*c.mails {
					b.Fatalf("%d mails arrived, want %d", got, 2*c.mails)
				}
				b.ReportMetric(ours, "mails/s")
				b.ReportMetric(raw, "raw-mails/s")
				b.ReportMetric(ours/raw, "ratio")
				b.ReportMetric(cpu, "cpu-µs/mail")
				b.ReportMetric(rawCPU, "raw-cpu-µs/mail")
				b.ReportMetric(peak, "peak-MB")
			}
		})
	}
}

// pace runs what sends so many mails; it returns mails a second, and what each
// cost this process, in microseconds of a processor.
func pace(b *testing.B, mails int, send func()) (perSecond, cpu float64) {
	b.Helper()
	runtime.GC()
	began, busy := time.Now(), cpuTime(b)
	send()
	return float64(mails) / time.Since(began).Seconds(), float64((cpuTime(b) - busy).Microseconds()) / float64(mails)
}

// cpuTime is what this process has had of the processors.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakHeap runs fn and returns the largest heap seen meanwhile, in MB.
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

// sampler remembers the last mail it passed on.
type sampler struct {
	scheduler.Sender
	mu sync.Mutex
	tasks.Outgoing
}

func (s *sampler) Send(ctx context.Context, out tasks.Outgoing) (tasks.Receipt, error) {
	s.mu.Lock()
	s.Outgoing = out
	s.mu.Unlock()
	return s.Sender.Send(ctx, out)
}

// allNew brings tasks that are not stored yet.
func allNew(tt []tasks.Task) func(tasks.Stored, func(tasks.Compared) error) error {
	return func(_ tasks.Stored, keep func(tasks.Compared) error) error {
		for _, t := range tt {
			if err := keep(tasks.Compared{Fate: tasks.IsNew, New: t}); err != nil {
				return err
			}
		}
		return nil
	}
}

// newBenchOffice returns a daemon in whose outbox so many mails wait.
func newBenchOffice(b *testing.B, mails, port int) (*daemon, *sampler) {
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
	err = st.Import(tasks.Plan{ID: "p", Title: "Kế hoạch", Issued: day - 20}, time.Now(), "bench", "", allNew(tt))
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
	sample := &sampler{Sender: sender}
	lanes := map[tasks.Channel]scheduler.Lane{tasks.Email: {Sender: sample, Workers: benchConnections}}
	d, err := newDaemon(setup, st, lanes, func() time.Time { return at }, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	for _, now := range []time.Time{at.Add(-time.Minute), at} {
		if _, err := d.loop.Pass(now); err != nil {
			b.Fatal(err)
		}
	}
	return d, sample
}

// bareLoop sends like mails as fast as go-mail can over kept connections,
// without asking the server in between whether it still listens.
func bareLoop(b *testing.B, port, mails int, like tasks.Outgoing) {
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

func bareSend(client *smtp.Client, i int64, like tasks.Outgoing) error {
	to := fmt.Sprintf("don-vi-%d@example.gov.vn", i)
	m := mail.NewMsg()
	if err := m.From("nhacviec@example.gov.vn"); err != nil {
		return err
	}
	if err := m.To(to); err != nil {
		return err
	}
	m.Subject(like.Subject)
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
