package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// stopConfig sends one mail after the other, so that the second waits while the
// first is under way.
const stopConfig = `
data_dir = "data"
socket = "s"
[office]
organization = "Ủy ban nhân dân thành phố"
unit = "van-phong"
review = "0 0 1 1 *"
report = "0 0 1 1 *"
[email]
host = "127.0.0.1"
port = %d
tls = "none"
from = "nhacviec@example.gov.vn"
per_minute = 6000
connections = 1
[units.van-phong]
name = "Văn phòng"
email = ["vp@example.gov.vn"]
[units.tu-phap]
name = "Phòng Tư pháp"
email = ["tuphap@example.gov.vn"]
[rules.ngay]
cron = "@every 1s"
tasks = ["dated"]
to = ["lead"]
before = [3]
on_days_off = "send"
`

// slowOffice is a directory with two tasks to tell of, and a mail server that
// takes a mail and holds its answer until it is let go.
type slowOffice struct {
	t        *testing.T
	dir      string
	accepted chan notifytest.Message
	letGo    func()
}

func newSlowOffice(t *testing.T) *slowOffice {
	t.Helper()
	o := &slowOffice{t: t, dir: shortDir(t), accepted: make(chan notifytest.Message, 16)}
	held, gone := make(chan struct{}), false
	o.letGo = func() {
		if !gone {
			close(held)
		}
		gone = true
	}
	smtp, err := notifytest.StartSMTP(notifytest.SMTPSetup{OnAccept: func(m notifytest.Message) {
		o.accepted <- m
		<-held
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.letGo(); smtp.Close() })
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		t.Fatal(err)
	}
	today := tasks.DateOf(time.Now().In(zone))
	due := "Trước ngày " + (today + 3).Day()
	for name, text := range map[string]string{
		"config.toml": fmt.Sprintf(stopConfig, smtp.Port()),
		"plan.md": "| STT | Nội dung | Đơn vị chủ trì | Thời hạn |\n|---|---|---|---|\n" +
			"| 1 | Việc 1 | Phòng Tư pháp | " + due + " |\n| 2 | Việc 2 | Văn phòng | " + due + " |\n",
	} {
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := o.command("import", "plan.md", "--plan", "p", "--issued", today.Day(), "-q").CombinedOutput(); err != nil {
		t.Fatalf("import: %v\n%s", err, out)
	}
	return o
}

// command is the program that TestMain puts on the path.
func (o *slowOffice) command(args ...string) *exec.Cmd {
	c := exec.Command("nhacviec", append(args, "-c", "config.toml")...)
	c.Dir, c.Env = o.dir, append(os.Environ(), "TEST_NOW="+time.Now().Format(time.RFC3339))
	return c
}

// read takes what a verb lists as JSON.
func (o *slowOffice) read(into any, verb ...string) {
	o.t.Helper()
	out, err := o.command(append(verb, "--json")...).Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		o.t.Fatalf("%s: %v\n%s", verb, err, out)
	}
}

// accept waits for a mail.
func (o *slowOffice) accept() notifytest.Message {
	o.t.Helper()
	select {
	case m := <-o.accepted:
		return m
	case <-time.After(20 * time.Second):
		o.t.Fatal("no mail came in 20 s")
	}
	panic("unreachable")
}

// serving is a running daemon.
type serving struct {
	*exec.Cmd
	t   *testing.T
	log chan string // its lines; closed at its end
}

func (o *slowOffice) serve() *serving {
	o.t.Helper()
	s := &serving{o.command("serve"), o.t, make(chan string, 1024)}
	stderr, err := s.StderrPipe()
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { s.Process.Kill() })
	go func() {
		defer close(s.log)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			s.log <- lines.Text()
		}
	}()
	return s
}

func (s *serving) terminate() {
	s.t.Helper()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
}

// says waits for a line of the log; "" waits for its end.
func (s *serving) says(words string) {
	s.t.Helper()
	var said []string
	timeout := time.After(20 * time.Second)
	for {
		select {
		case line, ok := <-s.log:
			if !ok && words == "" || ok && words != "" && strings.Contains(line, words) {
				return
			}
			if !ok {
				s.t.Fatalf("it ended without %q:\n%s", words, strings.Join(said, "\n"))
			}
			said = append(said, line)
		case <-timeout:
			s.t.Fatalf("no %q after 20 s:\n%s", words, strings.Join(said, "\n"))
		}
	}
}

// ends waits for the end and wants an exit code.
func (s *serving) ends(exit int) {
	s.t.Helper()
	s.says("")
	if err := s.Wait(); s.ProcessState.ExitCode() != exit {
		s.t.Errorf("exit %d (%v), want %d", s.ProcessState.ExitCode(), err, exit)
	}
}

// A SIGTERM lets the mail under way come to its end and takes up no other.
func TestTermFinishesWhatIsInHand(t *testing.T) {
	t.Parallel()
	o := newSlowOffice(t)
	s := o.serve()
	first := o.accept()
	s.terminate()
	s.says("stopping: finishing what is in hand")
	o.letGo()
	s.ends(0)
	var sent []tasks.Entry
	o.read(&sent, "ledger")
	var states []string
	for _, e := range sent {
		if e.Delivery != nil {
			states = append(states, string(e.Delivery.State)+" "+e.Delivery.Address)
		}
	}
	if want := "sent " + first.Address; strings.Join(states, ", ") != want {
		t.Errorf("the ledger says %q, want %q", states, want)
	}
	var waiting []tasks.Delivery
	o.read(&waiting, "outbox")
	if len(waiting) != 1 || waiting[0].State != tasks.Planned || waiting[0].Attempts != 0 || waiting[0].Address == first.Address {
		t.Errorf("the outbox holds %+v, want the other mail, planned", waiting)
	}
	if n := len(o.accepted); n != 0 {
		t.Errorf("%d mails were taken up after the signal", n)
	}
}

// A second SIGTERM ends at once; what was under way is uncertain when the
// daemon starts again, and is sent once more under the same Message-ID.
func TestSecondTermEndsAtOnce(t *testing.T) {
	t.Parallel()
	o := newSlowOffice(t)
	s := o.serve()
	first := o.accept()
	s.terminate()
	s.says("stopping")
	s.terminate()
	s.ends(1) // though the server still holds its answer
	o.letGo()

	s = o.serve()
	again := []notifytest.Message{o.accept(), o.accept()}
	repeated := 0
	for _, m := range again {
		if m.Address == first.Address {
			repeated++
			if m.ID != first.ID {
				t.Errorf("the second mail has the Message-ID %s, the first %s", m.ID, first.ID)
			}
		}
	}
	if repeated != 1 {
		t.Errorf("the mail under way was sent %d times more, want once", repeated)
	}
	s.terminate()
	s.ends(0)
	var kept []tasks.Entry
	o.read(&kept, "ledger")
	count := map[string]int{}
	for _, e := range kept {
		if e.Delivery != nil {
			count[string(e.Delivery.State)+" "+e.Delivery.Address]++
		}
	}
	if count["uncertain "+first.Address] != 1 || count["sent "+first.Address] != 1 || len(count) != 3 {
		t.Errorf("the ledger holds %v, want the mail under way uncertain and then sent, and the other sent", count)
	}
}
