package notify

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// escapes are the ways in which a far end, or a library that quotes it, may
// write a secret.
var escapes = map[string]func(string) string{
	"as it is":       func(s string) string { return s },
	"%q":             strconv.Quote,
	"%+q":            strconv.QuoteToASCII,
	"%q twice":       func(s string) string { return strconv.Quote(strconv.Quote(s)) },
	"JSON":           toJSON,
	"JSON in JSON":   func(s string) string { return toJSON(toJSON(s)) },
	"JSON, all":      jsonCodes,
	"query":          url.QueryEscape,
	"path":           url.PathEscape,
	"path, small":    func(s string) string { return escaped.ReplaceAllStringFunc(url.PathEscape(s), strings.ToLower) },
	"path of a path": func(s string) string { return url.PathEscape(url.PathEscape(s)) },
	"HTML":           html.EscapeString,
	"HTML of %q":     func(s string) string { return html.EscapeString(strconv.Quote(s)) },
	"bytes":          func(s string) string { return strings.Trim(fmt.Sprintf("%q", []byte(s)), `"`) },
	"base64":         func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 in JSON": func(s string) string {
		return strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte(s)), "/", `\/`)
	},
	"base64 in URLs": func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) },
	"as in the log": func(s string) string {
		return strings.Map(func(c rune) rune { return map[bool]rune{true: '?', false: c}[c > 126] }, s)
	},
}

var escaped = regexp.MustCompile(`%..`)

func toJSON(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

// jsonCodes escapes every sign but letters and digits, as careful writers of
// JSON do.
func jsonCodes(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case isAlphanumeric(c):
			b.WriteRune(c)
		case c == '/':
			b.WriteString(`\/`)
		default:
			fmt.Fprintf(&b, `\u%04X`, c)
		}
	}
	return b.String()
}

// awkward are secrets whose signs are escaped somewhere.
var awkward = []string{
	`Pa"ss\word-CANARY`, `CANARY%41+b c%CANARY`, `Mật\khẩu"CANARY`, `a&b<CANARY>'c'/=CANARY`, `\\"\CANARY\`, "tab\tCANARY",
}

// TestRedactorKnowsEveryForm: whatever a secret is escaped with, no part of it
// is left.
func TestRedactorKnowsEveryForm(t *testing.T) {
	t.Parallel()
	for _, secret := range awkward {
		for name, escape := range escapes {
			got := newRedactor("another", secret).text("535 no: " + escape(secret) + " nv")
			trimmed := strings.NewReplacer(`\`, "", `"`, "", "&#34;", "", "&amp;#34;", "").Replace(got)
			if trimmed != "535 no: [secret] nv" {
				t.Errorf("%s of %q: %q becomes %q", name, secret, escape(secret), got)
			}
		}
	}
	for _, other := range []string{`Pa"ss\wort-CANARY`, `CANARY`, "Mật khẩu CANARY", "535 5.7.8 no"} {
		if got := newRedactor(awkward...).text(other); got != other {
			t.Errorf("%q is no secret and becomes %q", other, got)
		}
	}
	huge := strings.Repeat(`"\`, 1<<20)
	if got := newRedactor(huge).text("so: " + huge); got != "so: [secret]" {
		t.Errorf("a huge secret becomes %.20q", got)
	}
}

// TestAwkwardSecretsAreNotTold: far ends repeat a secret with signs that are
// escaped somewhere, in every form.
func TestAwkwardSecretsAreNotTold(t *testing.T) {
	t.Parallel()
	told := func(t *testing.T, what string, err error, secret string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), mask) || strings.Contains(strings.ToUpper(err.Error()), "CANARY") || notifytest.Leak(err.Error(), secret) != "" {
			t.Errorf("%s: %q is told: %v", what, secret, err)
		}
	}
	echo := func(form string) notifytest.Fault { return notifytest.Fault{Code: 400, Text: "you said " + form} }
	page := func(form string) notifytest.Fault {
		return notifytest.Fault{Status: 502, Body: `<p>you said ` + form + `</p>`}
	}
	t.Run("email", func(t *testing.T) {
		t.Parallel()
		for _, secret := range awkward[:3] {
			server := startSMTP(t, notifytest.SMTPSetup{TLS: StartTLS, Username: "nhacviec", Password: secret})
			for name, escape := range escapes {
				for _, reply := range []string{"535 5.7.8 no: %s nv", "454 4.7.0 later: %s nv", "what about %s?"} {
					server.Inject(notifytest.SMTPFault{Step: "auth", Reply: fmt.Sprintf(reply, escape(secret))})
					e := newTestEmail(t, EmailConfig{Port: server.Port(), RootCAs: server.Roots(), Username: "nhacviec", Password: NewSecret(secret)})
					_, err := e.Send(t.Context(), oneMail())
					told(t, name, err, secret)
				}
			}
		}
	})
	t.Run("telegram", func(t *testing.T) {
		t.Parallel()
		server, bot := startTelegram(t, notifytest.TelegramSetup{})
		for name, escape := range escapes {
			for _, fault := range []notifytest.Fault{echo(escape(telegramKey)), page(escape(telegramKey))} {
				server.Inject(fault)
				_, err := bot.Send(t.Context(), tasks.Outgoing{Address: "42", Text: "x"})
				told(t, name, err, telegramKey)
			}
		}
	})
	t.Run("zalo bot", func(t *testing.T) {
		t.Parallel()
		server, bot := startZaloBot(t, notifytest.ZaloBotSetup{})
		for name, escape := range escapes {
			for _, fault := range []notifytest.Fault{echo(escape(telegramKey)), page(escape(telegramKey))} {
				server.Inject(fault)
				_, err := bot.Send(t.Context(), toGroup)
				told(t, name, err, telegramKey)
			}
		}
	})
	t.Run("zalo oa", func(t *testing.T) {
		t.Parallel()
		for _, secret := range awkward[:3] {
			server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
			oa.Keep(t.Context())
			oa.tokens.config.AppSecret = NewSecret(secret)
			for name, escape := range escapes {
				for _, fault := range []notifytest.Fault{echo(escape(secret)), page(escape(secret))} {
					server.Inject(fault)
					_, err := oa.Send(t.Context(), toGroup)
					told(t, name, err, secret)
				}
			}
		}
	})
}
