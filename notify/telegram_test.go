package notify

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

func startTelegram(t *testing.T, setup notifytest.TelegramSetup) (*notifytest.Telegram, *Telegram) {
	t.Helper()
	setup.Token = telegramKey
	server, err := notifytest.StartTelegram(setup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	bot, err := NewTelegram(TelegramConfig{Token: NewSecret(telegramKey), APIURL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bot.Close() })
	return server, bot
}

// wantFailure checks an error of a channel and that it tells no secret.
func wantFailure(t *testing.T, err error, want tasks.SendError, secrets ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("want %s, got a receipt", want.Outcome)
		return
	}
	got := tasks.AsSendError(err)
	if got.Outcome != want.Outcome || got.RetryAfter != want.RetryAfter || got.NewAddress != want.NewAddress {
		t.Errorf("want %s, %s, %q; got %s, %s, %q (%v)", want.Outcome, want.RetryAfter, want.NewAddress, got.Outcome, got.RetryAfter, got.NewAddress, err)
	}
	if leak := notifytest.Leak(fmt.Sprintf("%v %+v %#v %q", err, err, got.Err, err), secrets...); leak != "" {
		t.Errorf("the error tells the secret %s", leak)
	}
}

func TestTelegramRefusals(t *testing.T) {
	t.Parallel()
	const T, P, D = tasks.Transient, tasks.Permanent, tasks.ChannelDown
	after := func(v any) map[string]any { return map[string]any{"retry_after": v} }
	for _, c := range []struct {
		fault notifytest.Fault
		want  tasks.SendError
	}{
		{notifytest.Fault{Code: 401, Text: "Unauthorized"}, tasks.SendError{Outcome: D}},
		{notifytest.Fault{Code: 404, Text: "Not Found"}, tasks.SendError{Outcome: D}},
		{notifytest.Fault{Code: 404, Text: "Not Found: method not found"}, tasks.SendError{Outcome: D}},
		{notifytest.Fault{Code: 403, Text: "Forbidden: bot was blocked by the user"}, tasks.SendError{Outcome: P}},
		{notifytest.Fault{Code: 403, Text: "Forbidden: user is deactivated"}, tasks.SendError{Outcome: P}},
		{notifytest.Fault{Code: 403, Text: "Forbidden: bot can't initiate conversation with a user"}, tasks.SendError{Outcome: P}},
		{notifytest.Fault{Code: 403, Text: "Forbidden: bot was kicked from the supergroup chat"}, tasks.SendError{Outcome: P}},
		{notifytest.Fault{Code: 403, Text: "Forbidden: bot is not a member of the channel chat"}, tasks.SendError{Outcome: P}},
		{notifytest.Fault{Code: 403, Text: "Forbidden: the group chat was deleted"}, tasks.SendError{Outcome: P}},
		{notifytest.Fault{Code: 400, Text: "Bad Request: chat not found"}, tasks.SendError{Outcome: P}},
		{notifytest.Fault{Code: 400, Text: "Bad Request: TOPIC_CLOSED"}, tasks.SendError{Outcome: P}},
		{notifytest.Fault{Code: 400, Text: "Bad Request: not enough rights to send text messages to the chat"}, tasks.SendError{Outcome: P}},
		{notifytest.Fault{Code: 400, Text: "Bad Request: CHAT_WRITE_FORBIDDEN"}, tasks.SendError{Outcome: P}},
		{notifytest.Fault{Code: 400, Text: "Bad Request: message is too long"}, tasks.SendError{Outcome: P}},
		{notifytest.Fault{Code: 400, Text: "Bad Request: group chat was upgraded to a supergroup chat", Params: map[string]any{"migrate_to_chat_id": int64(-1001234567890123)}},
			tasks.SendError{Outcome: tasks.Moved, NewAddress: "-1001234567890123:12"}},
		{notifytest.Fault{Code: 409, Text: "Conflict: terminated by other getUpdates request"}, tasks.SendError{Outcome: T}},
		{notifytest.Fault{Code: 429, Text: "Too Many Requests: retry after 1", Params: after(1)}, tasks.SendError{Outcome: T, RetryAfter: time.Second}},
		{notifytest.Fault{Code: 429, Text: "Too Many Requests: retry after 30", Params: after(30)}, tasks.SendError{Outcome: T, RetryAfter: 30 * time.Second}},
		{notifytest.Fault{Code: 429, Text: "Too Many Requests: retry after 3600", Params: after(3600)}, tasks.SendError{Outcome: T, RetryAfter: time.Hour}},
		{notifytest.Fault{Code: 429, Text: "Too Many Requests: retry after 1000000000", Params: after(1_000_000_000)}, tasks.SendError{Outcome: T, RetryAfter: time.Hour}},
		{notifytest.Fault{Code: 429, Text: "Too Many Requests", Params: after(-5)}, tasks.SendError{Outcome: T}},
		{notifytest.Fault{Code: 429, Text: "Too Many Requests"}, tasks.SendError{Outcome: T}},
		{notifytest.Fault{Code: 500, Text: "Internal Server Error: restart"}, tasks.SendError{Outcome: T}},
		{notifytest.Fault{Code: 502, Text: "Bad Gateway"}, tasks.SendError{Outcome: T}},
		{notifytest.Fault{Code: 504, Text: "Gateway Timeout"}, tasks.SendError{Outcome: T}},
		{notifytest.Fault{Code: 403, Text: "Forbidden: something that nobody has heard of"}, tasks.SendError{Outcome: T}},
		{notifytest.Fault{Code: 400, Text: "Bad Request: something that nobody has heard of"}, tasks.SendError{Outcome: T}},
	} {
		t.Run(fmt.Sprintf("%d %s", c.fault.Code, c.fault.Text), func(t *testing.T) {
			t.Parallel()
			server, bot := startTelegram(t, notifytest.TelegramSetup{})
			server.Inject(c.fault)
			_, err := bot.Send(t.Context(), tasks.Outgoing{Address: "-1001234567890:12", Text: "Kính gửi"})
			wantFailure(t, err, c.want, telegramKey)
			if got := tasks.AsSendError(err).Unreached; got != (c.fault.Code >= 500) {
				t.Errorf("unreached: %v", got)
			}
			if c.fault.Text != "" && !strings.Contains(err.Error(), c.fault.Text) {
				t.Errorf("the error does not tell what Telegram said: %v", err)
			}
			if n := len(server.Accepted()); n != 0 {
				t.Errorf("%d accepted", n)
			}
		})
	}
}

// brokenAnswers are what may come instead of an answer in the service's words.
// It is a doubt only where a yes may have been lost on the way.
var brokenAnswers = []struct {
	name  string
	fault notifytest.Fault
	want  tasks.SendError
}{
	{"500, empty", notifytest.Fault{Status: 500}, tasks.SendError{Outcome: tasks.Transient}},
	{"500, in other words", notifytest.Fault{Status: 500, Body: `{"message":"Internal server error"}`}, tasks.SendError{Outcome: tasks.Transient}},
	{"502, a page", notifytest.BadGateway, tasks.SendError{Outcome: tasks.Transient}},
	{"503, a page", notifytest.Fault{Status: 503, Body: "<html>maintenance</html>"}, tasks.SendError{Outcome: tasks.Transient}},
	{"503, with a wait", notifytest.Fault{Status: 503, Wait: "120", Body: "<html>maintenance</html>"}, tasks.SendError{Outcome: tasks.Transient, RetryAfter: 2 * time.Minute}},
	{"504, a page", notifytest.Fault{Status: 504, Body: "<html>504</html>"}, tasks.SendError{Outcome: tasks.Transient}},
	{"502, cut short", notifytest.Fault{Status: 502, Body: "<html>50", Short: true}, tasks.SendError{Outcome: tasks.Transient}},
	{"502, too long", notifytest.Fault{Status: 502, Body: tooLong}, tasks.SendError{Outcome: tasks.Transient}},
	{"403 page of a wall", notifytest.Fault{Status: 403, Body: "<html>blocked</html>"}, tasks.SendError{Outcome: tasks.Transient}},
	{"a redirect", notifytest.Fault{Status: 302, Body: "<html>login here</html>"}, tasks.SendError{Outcome: tasks.Transient}},
	{"200, a page", notifytest.Fault{Status: 200, Body: "<html>log in to this network</html>"}, tasks.SendError{Outcome: tasks.Transient}},
	{"200, empty", notifytest.Fault{Status: 200}, tasks.SendError{Outcome: tasks.Transient}},
	{"200, null", notifytest.Fault{Status: 200, Body: `null`}, tasks.SendError{Outcome: tasks.Transient}},
	{"200, another JSON", notifytest.Fault{Status: 200, Body: `[1,2]`}, tasks.SendError{Outcome: tasks.Transient}},
	{"200, wrong types", notifytest.Fault{Status: 200, Body: `{"ok":"yes","error":{},"result":7}`}, tasks.SendError{Outcome: tasks.Transient}},
	{"200, too long", notifytest.Fault{Status: 200, Body: tooLong}, tasks.SendError{Outcome: tasks.Transient}},
	{"200, JSON cut short", notifytest.Fault{Take: true, Status: 200, Body: `{"ok":true,"result":{"message_`}, tasks.SendError{Outcome: tasks.Unknowable}},
	{"200, line cut", notifytest.Fault{Take: true, Status: 200, Body: `{"ok":true,"resu`, Short: true}, tasks.SendError{Outcome: tasks.Unknowable}},
	{"200, line cut before the first word", notifytest.Fault{Take: true, Status: 200, Short: true}, tasks.SendError{Outcome: tasks.Unknowable}},
	{"cut before it was read", notifytest.Fault{Reset: true}, tasks.SendError{Outcome: tasks.Unknowable}},
	{"cut after it was taken", notifytest.Fault{Take: true, Reset: true}, tasks.SendError{Outcome: tasks.Unknowable}},
}

// tooLong is longer than any answer; TestAnswersAreBounded has one without end.
var tooLong = `{"ok":false,"error":-1,"x":"` + strings.Repeat("x", 2<<20)

func TestTelegramBrokenAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range brokenAnswers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, bot := startTelegram(t, notifytest.TelegramSetup{})
			c.fault.Body = strings.ReplaceAll(c.fault.Body, "<html>", "<html>"+telegramKey)
			server.Inject(c.fault)
			_, err := bot.Send(t.Context(), tasks.Outgoing{Address: "42", Text: "Kính gửi"})
			wantFailure(t, err, c.want, telegramKey)
			if got := tasks.AsSendError(err).Unreached; got != (c.want.Outcome == tasks.Transient) {
				t.Errorf("unreached: %v", got)
			}
			if err := bot.Check(t.Context()); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// TestTelegramTokenStaysSecret breaks the way to Telegram in every place.
func TestTelegramTokenStaysSecret(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, c := range map[string]TelegramConfig{
		"refused":      {APIURL: "http://" + closed.Addr().String()},
		"no such name": {APIURL: "https://telegram.invalid"},
		"proxy gone":   {Proxy: "http://canh:" + mailEscaped + "@" + closed.Addr().String()},
		"socks gone":   {Proxy: "socks5://canh:" + mailEscaped + "@" + closed.Addr().String()},
		"no TLS there": {APIURL: "https://" + closed.Addr().String()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Token = NewSecret(telegramKey)
			bot, err := NewTelegram(c)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			_, err = bot.Send(ctx, tasks.Outgoing{Address: "42", Text: "x"})
			wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, telegramKey, mailPassword)
			wantFailure(t, bot.Check(ctx), tasks.SendError{Outcome: tasks.Transient}, telegramKey, mailPassword)
		})
	}
}

var mailEscaped = url.QueryEscape(mailPassword)

func TestTelegramGoesThroughItsProxy(t *testing.T) {
	t.Parallel()
	server, direct := startTelegram(t, notifytest.TelegramSetup{})
	via := make(chan string, 1)
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	forward := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		via <- r.URL.Host
		w.WriteHeader(http.StatusProxyAuthRequired)
	})}
	go func() { _ = forward.Serve(proxy) }()
	t.Cleanup(func() { _ = forward.Close() })
	bot, err := NewTelegram(TelegramConfig{Token: NewSecret(telegramKey), APIURL: server.URL(), Proxy: "http://" + proxy.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = bot.Send(t.Context(), tasks.Outgoing{Address: "42", Text: "x"})
	wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, telegramKey)
	if got := <-via; !strings.HasSuffix(server.URL(), got) {
		t.Errorf("the proxy was asked for %q", got)
	}
	if _, err := direct.Send(t.Context(), tasks.Outgoing{Address: "42", Text: "x"}); err != nil {
		t.Error(err)
	}
}

// TestTelegramNeverLosesText: what Telegram cannot parse goes out as plain text.
func TestTelegramNeverLosesText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"<b>Hạn</b> &lt;15/07&gt; &amp; \"x\"", `Hạn <15/07> & "x"`},
		{"<b>Hạn", "Hạn"},
		{"5 < 7 & <b>8 > 6</b>", "5 < 7 & 8 > 6"},
		{"<i>a</b>", "a"},
		{"</i>a", "a"},
		{"<phòng> <b>b</b> <script>alert(1)</script>", "<phòng> b <script>alert(1)</script>"},
		{"<br>x", "<br>x"},
		{"&lt;b&gt;</i>", "<b>"},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			server, bot := startTelegram(t, notifytest.TelegramSetup{})
			if _, err := bot.Send(t.Context(), tasks.Outgoing{Address: "42", Text: c.text}); err != nil {
				t.Fatal(err)
			}
			if got := server.Accepted(); len(got) != 1 || got[0].Text != c.want {
				t.Errorf("want one %q, got %+v", c.want, got)
			}
		})
	}
	t.Run("once only", func(t *testing.T) {
		t.Parallel()
		server, bot := startTelegram(t, notifytest.TelegramSetup{})
		no := notifytest.Fault{Code: 400, Text: "Bad Request: can't parse entities: whatever"}
		server.Inject(no, no)
		_, err := bot.Send(t.Context(), tasks.Outgoing{Address: "42", Text: "x"})
		wantFailure(t, err, tasks.SendError{Outcome: tasks.Permanent})
	})
}

func TestTelegramParameters(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address string
		silent  bool
		want    url.Values
	}{
		{"42", false, url.Values{"chat_id": {"42"}}},
		{"-1001234567890:12", true, url.Values{"chat_id": {"-1001234567890"}, "message_thread_id": {"12"}, "disable_notification": {"true"}}},
		{"-1001234567890:1", false, url.Values{"chat_id": {"-1001234567890"}}}, // the general topic has no number
	} {
		t.Run(c.address, func(t *testing.T) {
			t.Parallel()
			server, bot := startTelegram(t, notifytest.TelegramSetup{})
			receipt, err := bot.Send(t.Context(), tasks.Outgoing{Address: c.address, Text: "<b>Hạn</b>", Silent: c.silent})
			if err != nil || receipt.Reply != "message_id 1" {
				t.Fatalf("receipt %+v, error %v", receipt, err)
			}
			c.want.Set("text", "<b>Hạn</b>")
			c.want.Set("parse_mode", "HTML")
			c.want.Set("link_preview_options", `{"is_disabled":true}`)
			if got := string(server.Accepted()[0].Raw); got != c.want.Encode() {
				t.Errorf("want %s, got %s", c.want.Encode(), got)
			}
		})
	}
}

func TestTelegramTopicThatIsGone(t *testing.T) {
	t.Parallel()
	server, bot := startTelegram(t, notifytest.TelegramSetup{})
	server.Refuse("-1001234567890:12", 400, "Bad Request: message thread not found")
	receipt, err := bot.Send(t.Context(), tasks.Outgoing{Address: "-1001234567890:12", Text: "x"})
	if err != nil || receipt.Reply != "message_id 1, topic 12 is gone: sent to the group itself" {
		t.Errorf("receipt %+v, error %v", receipt, err)
	}
	if got := server.Accepted(); len(got) != 1 || got[0].Address != "-1001234567890" {
		t.Errorf("accepted %+v", got)
	}
}

func TestTelegramUpgradedGroup(t *testing.T) {
	t.Parallel()
	server, bot := startTelegram(t, notifytest.TelegramSetup{Chats: []string{"-4567"}})
	server.Upgrade("-4567", -1009876543210)
	_, err := bot.Send(t.Context(), tasks.Outgoing{Address: "-4567", Text: "x"})
	wantFailure(t, err, tasks.SendError{Outcome: tasks.Moved, NewAddress: "-1009876543210"})
	if _, err := bot.Send(t.Context(), tasks.Outgoing{Address: tasks.AsSendError(err).NewAddress, Text: "x"}); err != nil {
		t.Error(err)
	}
}

func TestNewTelegram(t *testing.T) {
	t.Parallel()
	good := TelegramConfig{Token: NewSecret(telegramKey)}
	for name, c := range map[string]struct {
		change func(*TelegramConfig)
		want   string
	}{
		"as it comes":      {func(*TelegramConfig) {}, ""},
		"no token":         {func(c *TelegramConfig) { c.Token = Secret{} }, "telegram: token: want digits, a colon and letters, as @BotFather gives it"},
		"token with slash": {func(c *TelegramConfig) { c.Token = NewSecret("1:CANARY/../x") }, "telegram: token: want digits, a colon and letters, as @BotFather gives it"},
		"token in clear":   {func(c *TelegramConfig) { c.APIURL = "http://example.org" }, `telegram: api_url: http would carry the secret in clear; use https`},
		"no address":       {func(c *TelegramConfig) { c.APIURL = "api.telegram.org" }, `telegram: api_url: want an https:// address`},
		"a query":          {func(c *TelegramConfig) { c.APIURL = "https://example.org/?a=b" }, `telegram: api_url: want only scheme, host and path`},
		"a proxy":          {func(c *TelegramConfig) { c.Proxy = "socks5://127.0.0.1:1080" }, ""},
		"no proxy":         {func(c *TelegramConfig) { c.Proxy = "ftp://u:CANARY-p@example.org" }, `telegram: proxy: want http://, https:// or socks5:// and a host`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := good
			c.change(&config)
			_, err := NewTelegram(config)
			if got := fmt.Sprint(err); err == nil && c.want != "" || err != nil && got != c.want {
				t.Errorf("want %q, got %q", c.want, got)
			}
		})
	}
}
