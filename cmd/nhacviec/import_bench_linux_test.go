package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"nhacviec/tasks"
	"nhacviec/web"
)

// BenchmarkImport imports CSV plans of a daemon through its socket, both in
// processes of their own, and reports the speed and what each process held at
// most, files mapped into memory too; together is the largest sum of one moment:
//
//	go test ./cmd/nhacviec -run '^$' -bench Import -benchtime 1x
func BenchmarkImport(b *testing.B) {
	for _, rows := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("tasks=%d", rows), func(b *testing.B) {
			for b.Loop() {
				importOnce(b, rows)
			}
		})
	}
}

func importOnce(b *testing.B, rows int) {
	dir := b.TempDir()
	for name, text := range map[string]string{"config.toml": manyUnits(), "plan.csv": manyTasks(rows)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	verb := func(args ...string) *exec.Cmd {
		c := exec.Command("nhacviec", args...)
		c.Dir, c.Env = dir, append(os.Environ(), "TEST_NOW=2023-06-05T07:00:00+07:00")
		return c
	}
	daemon := verb("serve", "-c", "config.toml")
	if err := daemon.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		daemon.Process.Kill()
		daemon.Wait()
	}()
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := web.Dial(filepath.Join(dir, "s")); err == nil {
			break
		} else if time.Now().After(limit) {
			b.Fatal(err)
		}
	}
	var out bytes.Buffer
	command := verb("import", "plan.csv", "-c", "config.toml", "--issued", "05/06/2023")
	command.Stdout, command.Stderr = &out, &out
	began := time.Now()
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	ours, theirs, both := 0, 0, 0
	for {
		select {
		case err := <-ended:
			took := time.Since(began)
			if want := fmt.Sprintf(": %d new, 0 changed, 0 gone, 0 the same; stored", rows); err != nil || !strings.Contains(out.String(), want) {
				b.Fatalf("%v\n%s", err, out.String())
			}
			b.ReportMetric(float64(rows)/took.Seconds(), "tasks/s")
			b.ReportMetric(float64(ours), "peak-MB-command")
			b.ReportMetric(float64(theirs), "peak-MB-daemon")
			b.ReportMetric(float64(both), "peak-MB-together")
			return
		case <-time.After(20 * time.Millisecond):
			c, d := resident(command.Process.Pid), resident(daemon.Process.Pid)
			ours, theirs, both = max(ours, c), max(theirs, d), max(both, c+d)
		}
	}
}

// resident returns what a process holds in memory, in MB; 0: it is gone.
func resident(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kilobytes, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, _ := strconv.Atoi(kilobytes)
	return n >> 10
}

// benchUnits is how many units lead and coordinate the tasks.
const benchUnits = 500

func manyUnits() string {
	var s strings.Builder
	s.WriteString(`data_dir = "data"
socket = "s"

[import]
max_file_mb = 1024
max_rows = 2000000

[office]
organization = "Ủy ban nhân dân thành phố"
unit = "don-vi-0"

[email]
host = "127.0.0.1"
port = 25
tls = "none"
from = "Nhắc việc <nhacviec@example.gov.vn>"

[rules.sap-den-han]
cron = "30 7 * * MON-FRI"
tasks = ["dated"]
to = ["lead"]
before = [7]
channels = ["email"]
`)
	for i := range benchUnits {
		fmt.Fprintf(&s, "\n[units.don-vi-%d]\nname = \"Đơn vị số %d\"\nemail = [\"dv%d@example.gov.vn\"]\n", i, i, i)
	}
	return s.String()
}

func manyTasks(rows int) string {
	var s strings.Builder
	s.WriteString("STT,Nội dung,Đơn vị chủ trì,Đơn vị phối hợp,Thời gian,Sản phẩm,Ghi chú\n")
	first, _ := tasks.ParseDate("2023-07-01")
	for i := range rows {
		fmt.Fprintf(&s, "%d,Đẩy mạnh công tác tuyên truyền người dân sử dụng tài khoản định danh lần %d,Đơn vị số %d,Đơn vị số %d; Đơn vị số %d,Trước ngày %s,Văn bản chỉ đạo,\n",
			i+1, i, i%benchUnits, (i+1)%benchUnits, (i+2)%benchUnits, (first + tasks.Date(i%700)).Day())
	}
	return s.String()
}
