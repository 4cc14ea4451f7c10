package main

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

const demoHost = "127.0.0.1:38080"

// browse asks the page as a browser on it would.
func browse(p *demoPage, method, path string, form url.Values, change ...func(*http.Request)) *http.Response {
	r := httptest.NewRequest(method, "http://"+demoHost+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	p.handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t testing.TB, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func startPage(t testing.TB) *demoPage {
	t.Helper()
	p := newDemoPage(startDemo(t, demoOptions{}), demoHost, quiet)
	p.paused.Store(true)
	return p
}

func TestDemoPageRefuses(t *testing.T) {
	t.Parallel()
	p := startPage(t)
	if _, err := p.demo.nextMessage(t.Context()); err != nil {
		t.Fatal(err)
	}
	now, _, inbox := p.demo.state()
	mail := inbox[0].ID
	step := url.Values{"do": {"day"}}
	from := func(site string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site) }
	}
	for name, tc := range map[string]struct {
		method, path string
		form         url.Values
		change       func(*http.Request)
		want         int
	}{
		"another host":           {"GET", "/", nil, func(r *http.Request) { r.Host = "evil.example:38080" }, 421},
		"another port":           {"GET", "/", nil, func(r *http.Request) { r.Host = "127.0.0.1:80" }, 421},
		"another host's form":    {"POST", "/clock", step, func(r *http.Request) { r.Host = "evil.example" }, 421},
		"another site's form":    {"POST", "/clock", step, from("cross-site"), 403},
		"another port's form":    {"POST", "/clock", step, from("same-site"), 403},
		"the clock by GET":       {"GET", "/clock?do=day", nil, from("none"), 405},
		"a mail by GET":          {"GET", "/open?mail=" + mail, nil, from("none"), 405},
		"a task by GET":          {"GET", "/task?plan=ct05&no=42&do=done", nil, from("none"), 405},
		"the clock set back":     {"POST", "/clock", url.Values{"do": {"yesterday"}}, from("same-origin"), 400},
		"a mail that is not":     {"POST", "/open", url.Values{"mail": {"x"}}, from("same-origin"), 404},
		"a mail that is not, 2":  {"GET", "/mail/x", nil, from("none"), 404},
		"an attachment that too": {"GET", "/mail/" + mail + "/7", nil, from("none"), 404},
		"a task that is not":     {"POST", "/task", url.Values{"do": {"done"}, "plan": {"ct05"}, "no": {"999"}}, from("same-origin"), 409},
		"another action":         {"POST", "/task", url.Values{"do": {"hold"}, "plan": {"ct05"}, "no": {"42"}}, from("same-origin"), 400},
		"too long a form":        {"POST", "/clock", url.Values{"do": {strings.Repeat("d", 5000)}}, from("same-origin"), 400},
		"another path":           {"GET", "/etc/passwd", nil, from("none"), 404},
	} {
		t.Run(name, func(t *testing.T) {
			r := browse(p, tc.method, tc.path, tc.form, tc.change)
			if r.StatusCode != tc.want {
				t.Errorf("status %d, want %d: %s", r.StatusCode, tc.want, body(t, r))
			}
			if !strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Error("no content security policy")
			}
		})
	}
	after, _, left := p.demo.state()
	if !after.Equal(now) || len(left) != len(inbox) || len(p.read) > 0 {
		t.Errorf("something changed: %s with %d messages and %d read became %s with %d", now, len(inbox), len(p.read), after, len(left))
	}
	task, err := p.demo.store.Task(tasks.Key{Plan: "ct05", No: "42"})
	if err != nil || task.Status != tasks.Open {
		t.Errorf("task 42 is %s (%v)", task.Status, err)
	}
}

// TestDemoPageLocal: nothing that the page loads lies elsewhere.
func TestDemoPageLocal(t *testing.T) {
	t.Parallel()
	elsewhere := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9.-]+\.[a-z]{2,}`)
	for _, name := range []string{"page.html", "page.css", "page.js", "icon.svg"} {
		data, err := fs.ReadFile(demoFiles, "demo/"+name)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), `xmlns="http://www.w3.org/2000/svg"`, "")
		if found := elsewhere.FindString(text); found != "" {
			t.Errorf("%s mentions %s", name, found)
		}
		if name == "page.js" && len(data) > 4<<10 {
			t.Errorf("%s has %d bytes, want at most 4096", name, len(data))
		}
	}
	p := startPage(t)
	for path, kind := range map[string]string{"/page.css": "text/css; charset=utf-8", "/page.js": "text/javascript; charset=utf-8", "/icon.svg": "image/svg+xml"} {
		if r := browse(p, "GET", path, nil); r.StatusCode != 200 || r.Header.Get("Content-Type") != kind {
			t.Errorf("%s: status %d, type %s", path, r.StatusCode, r.Header.Get("Content-Type"))
		}
	}
}

func TestDemoPage(t *testing.T) {
	t.Parallel()
	p := startPage(t)
	see := func(path string, want ...string) {
		t.Helper()
		r := browse(p, "GET", path, nil)
		text := body(t, r)
		if r.StatusCode != 200 {
			t.Fatalf("%s: status %d: %s", path, r.StatusCode, text)
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s does not show %q", path, w)
			}
		}
	}
	do := func(path string, form url.Values, back string) {
		t.Helper()
		r := browse(p, "POST", path, form)
		if r.StatusCode != 303 || r.Header.Get("Location") != back {
			t.Fatalf("POST %s %v: status %d to %q, want %q: %s", path, form, r.StatusCode, r.Header.Get("Location"), back, body(t, r))
		}
	}
	see("/", "Thứ Hai, 05/06/2023", "00:00", "Lần chạy kế tiếp: 07:30 05/06/2023", "Chưa có thư nào", "Chưa có tin nhắn nào", "Chạy tiếp")
	do("/clock", url.Values{"do": {"play"}}, "/?")
	see("/", "Tạm dừng")
	do("/clock", url.Values{"do": {"next"}, "back": {"unit=giao-duc"}}, "/?unit=giao-duc")
	see("/?unit=giao-duc", "07:30", "Chạy tiếp", `title="1 thư chưa đọc trong 1 thư"`, "Chỉ việc do <b>Phòng Giáo dục và Đào tạo</b> chủ trì")

	_, _, inbox := p.demo.state()
	mail := inbox[0]
	if mail.Unit != "giao-duc" {
		t.Fatalf("the first mail goes to %s", mail.Unit)
	}
	do("/open", url.Values{"mail": {mail.ID}, "back": {"mail=" + mail.ID}}, "/?mail="+mail.ID)
	see("/?mail="+mail.ID, `<iframe sandbox="" src="/mail/`+mail.ID+`"`, "Phòng Giáo dục và Đào tạo</span><i title=\"1 thư, đã đọc hết\">")
	see("/?mail="+mail.ID+"&as=text", "Kính gửi: Trưởng phòng Giáo dục và Đào tạo")
	see("/?mail="+mail.ID+"&as=headers", "Message-ID: &lt;"+mail.ID+"@demo.invalid&gt;", "From: Nhắc việc &lt;nhacviec@demo.invalid&gt;")
	see("/?chat=telegram+-1009876543210", "Tổ công tác Đề án 06")
	r := browse(p, "GET", "/mail/"+mail.ID, nil)
	if policy := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "sandbox; default-src 'none'") || strings.Contains(policy, "script") {
		t.Errorf("the mail's policy is %q", policy)
	}
	if text := body(t, r); !strings.Contains(text, "Kính gửi") {
		t.Errorf("the mail reads %q", text)
	}

	do("/clock", url.Values{"do": {"day"}}, "/?")
	see("/", "Thứ Ba, 06/06/2023")
}

// TestDemoDone: a task that is marked done is not reminded of any more, and
// again when it is opened.
func TestDemoDone(t *testing.T) {
	t.Parallel()
	p := startPage(t)
	key := tasks.Key{Plan: "ct05", No: "19"} // due on 30/06/2023
	reminded := func(until string) int {
		t.Helper()
		_, _, before := p.demo.state()
		if err := p.demo.advance(t.Context(), day(t, until).At(0, 0, p.demo.now().Location())); err != nil {
			t.Fatal(err)
		}
		_, _, inbox := p.demo.state()
		n := 0
		for _, m := range inbox[len(before):] {
			for _, s := range m.Steps {
				if s.Key == key {
					n++
				}
			}
		}
		return n
	}
	act := func(action tasks.Action) {
		t.Helper()
		r := browse(p, "POST", "/task", url.Values{"do": {string(action)}, "plan": {key.Plan}, "no": {string(key.No)}})
		if r.StatusCode != 303 {
			t.Fatalf("%s: status %d: %s", action, r.StatusCode, body(t, r))
		}
	}
	if reminded("2023-06-17") == 0 {
		t.Error("no reminder of an open task")
	}
	act(tasks.ActDone)
	if text := body(t, browse(p, "GET", "/", nil)); !strings.Contains(text, "Hoàn thành: <b>1</b>") || !strings.Contains(text, "Mở lại") {
		t.Error("the page does not show that it is done")
	}
	if n := reminded("2023-06-24"); n > 0 {
		t.Errorf("%d reminders of a task that is done", n)
	}
	act(tasks.ActReopen)
	if reminded("2023-06-28") == 0 {
		t.Error("no reminder of a task that was opened again")
	}
}

func TestDemoChatHTML(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<b>Quá hạn</b> &amp; <i>gấp</i>":    "<b>Quá hạn</b> &amp; <i>gấp</i>",
		"a &lt;b&gt; c":                      "a &lt;b&gt; c",
		`<b onclick="x()">n</b>`:             `&lt;b onclick=&#34;x()&#34;&gt;n</b>`,
		"<script>alert(1)</script>":          "&lt;script&gt;alert(1)&lt;/script&gt;",
		`<a href="https://example.vn">x</a>`: "&lt;a href=&#34;https://example.vn&#34;&gt;x&lt;/a&gt;",
		"&lt;script&gt;":                     "&lt;script&gt;",
	} {
		if got := string(demoChatHTML(in)); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// TestDemoAttachments reads a mail with a calendar file.
func TestDemoAttachments(t *testing.T) {
	t.Parallel()
	raw := strings.ReplaceAll(`From: a@example.vn
To: b@example.vn
Subject: =?UTF-8?q?Nh=E1=BA=AFc?=
 =?UTF-8?q?_vi=E1=BB=87c?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain; charset=utf-8

Xin chào
--x
Content-Type: text/calendar; charset=utf-8
Content-Disposition: attachment; filename="han.ics"

BEGIN:VCALENDAR
--x--
`, "\n", "\r\n")
	got := attachments([]byte(raw))
	if len(got) != 1 || got[0].Name != "han.ics" || got[0].Type != "text/calendar" || got[0].Place() != "1" || !strings.HasPrefix(string(got[0].data), "BEGIN:VCALENDAR") {
		t.Errorf("attached: %+v", got)
	}
	if h := demoHeaders([]byte(raw)); !strings.Contains(h, "\nSubject: Nhắc việc\n") {
		t.Errorf("headers: %s", h)
	}

	p := startPage(t)
	p.demo.inbox = []received{{Message: tasks.Message{Kind: tasks.Reminder, Recipient: tasks.Recipient{Channel: tasks.Email}}, ID: "a",
		Parts: []notifytest.Message{notifytest.ReadMail("b@example.vn", []byte(raw))}}}
	if text := body(t, browse(p, "GET", "/?mail=a", nil)); !strings.Contains(text, `<a href="/mail/a/1" download>📎 han.ics</a>`) {
		t.Error("the page does not offer the attachment")
	}
	r := browse(p, "GET", "/mail/a/1", nil)
	if r.StatusCode != 200 || r.Header.Get("Content-Disposition") != "attachment; filename=han.ics" {
		t.Errorf("status %d, %v", r.StatusCode, r.Header)
	}
}
