package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"
	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"nhacviec/notify"
	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
)

// benchWorkers is how many messages both sides of BenchmarkDeliver send at once.
const benchWorkers = 8

const benchToken = "123456:bench"

// BenchmarkDeliver sends 5,000 messages, each to its own recipient, with durable
// records and ledger entries, and after it messages of the same words through a
// bare loop over the library with as many workers, to the same server, which is
// a process of its own. It reports both speeds and their ratio, what each message
// cost this process, and the ratio for the channel alone, without any records:
//
//	go test ./cmd/nhacviec -run '^$' -bench Deliver -benchtime 1x
func BenchmarkDeliver(b *testing.B) {
	for _, c := range []struct {
		name     string
		messages int
		channel  tasks.Channel
		trip     time.Duration
		bare     func(b *testing.B, port, messages int, like tasks.Outgoing)
	}{
		{"mail", 5000, tasks.Email, 0, bareMails},
		{"mail, 5 ms round trips", 1000, tasks.Email, 5 * time.Millisecond, bareMails},
		{"Telegram", 5000, tasks.Telegram, 0, bareTelegram},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				sink := startSink(b, c.channel, c.trip)
				office, sample := newBenchOffice(b, c.channel, c.messages, sink.port)
				var peak float64
				ours, cpu := pace(b, c.messages, func() { peak = peakHeap(func() { office.deliverer.Drain(b.Context()) }) })
				raw, rawCPU := pace(b, c.messages, func() { c.bare(b, sink.port, c.messages, sample.Outgoing) })
				alone, _ := pace(b, c.messages, func() { bareChannel(b, sample, c.messages) })
				if got := sink.stop(b); got != 3*c.messages {
					b.Fatalf("%d messages arrived, want %d", got, 3*c.messages)
				}
				b.ReportMetric(alone/raw, "channel-ratio")
				b.ReportMetric(ours, "messages/s")
				b.ReportMetric(raw, "raw/s")
				b.ReportMetric(ours/raw, "ratio")
				b.ReportMetric(cpu, "cpu-µs")
				b.ReportMetric(rawCPU, "raw-cpu-µs")
				b.ReportMetric(peak, "peak-MB")
			}
		})
	}
}

// pace runs what sends so many messages; it returns messages a second, and what
// each cost this process, in microseconds of a processor.
func pace(b *testing.B, messages int, send func()) (perSecond, cpu float64) {
	b.Helper()
	runtime.GC()
	began, busy := time.Now(), cpuTime(b)
	send()
	return float64(messages) / time.Since(began).Seconds(), float64((cpuTime(b) - busy).Microseconds()) / float64(messages)
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

// sampler remembers the last message it passed on.
type sampler struct {
	scheduler.Sender
	channel tasks.Channel
	mu      sync.Mutex
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

// benchAddress is the address of the i-th unit.
func benchAddress(ch tasks.Channel, i int) string {
	if ch == tasks.Telegram {
		return strconv.Itoa(-1001000000000 - i)
	}
	return fmt.Sprintf("don-vi-%d@example.gov.vn", i)
}

func newBenchSender(b *testing.B, ch tasks.Channel, port int) scheduler.Sender {
	b.Helper()
	if ch == tasks.Telegram {
		bot, err := notify.NewTelegram(notify.TelegramConfig{Token: notify.NewSecret(benchToken), APIURL: fmt.Sprintf("http://127.0.0.1:%d", port)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { bot.Close() })
		return bot
	}
	sender, err := notify.NewEmail(notify.EmailConfig{Host: "127.0.0.1", Port: port, TLS: notify.NoTLS, From: "nhacviec@example.gov.vn", Connections: benchWorkers})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { sender.Close() })
	return sender
}

// newBenchOffice returns a daemon in whose outbox so many messages wait.
func newBenchOffice(b *testing.B, ch tasks.Channel, messages, port int) (*daemon, *sampler) {
	b.Helper()
	st, err := store.Open(filepath.Join(b.TempDir(), "nhacviec.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	day := tasks.DateOf(time.Date(2023, 6, 30, 0, 0, 0, 0, time.UTC))
	units := make([]tasks.Unit, messages)
	tt := make([]tasks.Task, messages)
	for i := range messages {
		code := fmt.Sprintf("don-vi-%d", i)
		units[i] = tasks.Unit{Code: code, Name: "Đơn vị số " + strconv.Itoa(i), Addresses: map[tasks.Channel][]string{ch: {benchAddress(ch, i)}}}
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
		Before: []int{3}, Channels: []tasks.Channel{ch}}
	setup := scheduler.Setup{Rules: []scheduler.Rule{rule}, Units: directory, Office: tasks.Office{Unit: "don-vi-0"}, Channels: []tasks.Channel{ch},
		Calendar: scheduler.Calendar{Location: time.UTC, Workdays: [7]bool{true, true, true, true, true, true, true}}}
	sample := &sampler{Sender: newBenchSender(b, ch, port), channel: ch}
	lanes := map[tasks.Channel]scheduler.Lane{ch: {Sender: sample, Workers: benchWorkers}}
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

// bareMails sends like mails as fast as go-mail can over kept connections,
// without asking the server in between whether it still listens.
func bareMails(b *testing.B, port, messages int, like tasks.Outgoing) {
	b.Helper()
	atOnce(b, messages, func() (func(i int) error, error) {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return nil, err
		}
		client, err := smtp.NewClient(conn, "127.0.0.1")
		if err != nil {
			return nil, err
		}
		b.Cleanup(func() { client.Close() })
		return func(i int) error { return bareSend(client, i, like) }, nil
	})
}

// bareTelegram sends like messages as fast as the bot library can.
func bareTelegram(b *testing.B, port, messages int, like tasks.Outgoing) {
	b.Helper()
	bot := &tgbotapi.BotAPI{Token: benchToken, Client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchWorkers}}}
	bot.SetAPIEndpoint(fmt.Sprintf("http://127.0.0.1:%d/bot%%s/%%s", port))
	atOnce(b, messages, func() (func(i int) error, error) {
		return func(i int) error {
			m := tgbotapi.NewMessage(int64(-1001000000000-i), like.Text)
			m.ParseMode = tgbotapi.ModeHTML
			_, err := bot.Send(m)
			return err
		}, nil
	})
}

// bareChannel sends like messages through our channel.
func bareChannel(b *testing.B, s *sampler, messages int) {
	b.Helper()
	like := s.Outgoing
	atOnce(b, messages, func() (func(i int) error, error) {
		return func(i int) error {
			out := like
			out.ID, out.Address = fmt.Sprint(i), benchAddress(s.channel, i)
			_, err := s.Sender.Send(b.Context(), out)
			return err
		}, nil
	})
}

// atOnce calls what each of the workers is given with the numbers up to n.
func atOnce(b *testing.B, n int, worker func() (func(i int) error, error)) {
	b.Helper()
	var next atomic.Int64
	var senders sync.WaitGroup
	for range benchWorkers {
		senders.Go(func() {
			send, err := worker()
			for i := next.Add(1); i <= int64(n) && err == nil; i = next.Add(1) {
				err = send(int(i))
			}
			if err != nil {
				b.Error(err)
			}
		})
	}
	senders.Wait()
}

func bareSend(client *smtp.Client, i int, like tasks.Outgoing) error {
	to := benchAddress(tasks.Email, i)
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
