package notify

import (
	"bytes"
	"maps"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

func TestEmailGolden(t *testing.T) {
	t.Parallel()
	e := newTestEmail(t, EmailConfig{TLS: NoTLS})
	raw, err := e.render(oneMail())
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.render(oneMail())
	if err != nil || !bytes.Equal(raw, again) {
		t.Errorf("the same message gave other bytes (%v)", err)
	}
	golden := filepath.Join("testdata", "email.golden.eml")
	if *update {
		if err := os.WriteFile(golden, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(raw)); diff != "" {
		t.Error(diff)
	}
	m := notifytest.ReadMail("", raw)
	if m.Subject != oneMail().Subject || m.ID != oneMail().ID+"@example.gov.vn" {
		t.Errorf("read back: subject %q, id %q", m.Subject, m.ID)
	}
	for _, line := range strings.Split(string(raw), "\r\n") {
		if len(line) > 78 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d bytes: %q", len(line), line)
		}
	}
}

// TestEmailInjection: whatever stands in a text, the header fields of a mail
// are the same ones, with the same addressees.
func TestEmailInjection(t *testing.T) {
	t.Parallel()
	e := newTestEmail(t, EmailConfig{TLS: NoTLS})
	fields := func(raw []byte) ([]string, mail.Header) {
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%v in %q", err, raw)
		}
		return slices.Sorted(maps.Keys(m.Header)), m.Header
	}
	plain, err := e.render(oneMail())
	if err != nil {
		t.Fatal(err)
	}
	want, _ := fields(plain)
	breaks := []string{"\r\n", "\n", "\r", "\r\n\r\n", "\n\n", "\x00\r\n", "\u2028", "\u0085", "\v", "\f", "=\r\n", "?=\r\n", "\r\n ", "\r\n\t"}
	fronts := []string{"", "Nhắc việc", strings.Repeat("x", 75), strings.Repeat("ệ", 300), "=?utf-8?q?", "\"<>(),;", strings.Repeat("a b ", 300)}
	tails := []string{"Bcc: evil@example.org", "To: evil@example.org", "Content-Type: text/html", "<script>", ".", "=?utf-8?b?DQpCY2M6IGV2aWxAZXhhbXBsZS5vcmc=?="}
	tried := 0
	for _, b := range breaks {
		for _, front := range fronts {
			for _, tail := range tails {
				tried++
				payload := front + b + tail
				out := oneMail()
				out.Subject, out.Text, out.HTML = payload, payload, payload
				raw, err := e.render(out)
				if err != nil {
					t.Fatalf("%q: %v", payload, err)
				}
				got, header := fields(raw)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%q: %s", payload, diff)
				}
				if to := header["To"]; len(to) != 1 || to[0] != "<tuphap@example.gov.vn>" {
					t.Errorf("%q: To is %q", payload, to)
				}
				for _, change := range []func(*tasks.Outgoing){
					func(o *tasks.Outgoing) { o.Address = payload + "@example.gov.vn" },
					func(o *tasks.Outgoing) { o.Address += payload },
					func(o *tasks.Outgoing) { o.ID += payload },
				} {
					out := oneMail()
					change(&out)
					if raw, err := e.render(out); err == nil {
						t.Errorf("%q went into %q", payload, raw)
					}
				}
			}
		}
	}
	if tried < 500 {
		t.Errorf("only %d payloads", tried)
	}
}
