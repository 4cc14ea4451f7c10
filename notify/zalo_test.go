package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

func startZaloBot(t *testing.T, setup notifytest.ZaloBotSetup) (*notifytest.ZaloBot, *ZaloBot) {
	t.Helper()
	setup.Token = telegramKey
	server, err := notifytest.StartZaloBot(setup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	bot, err := NewZaloBot(ZaloBotConfig{Token: NewSecret(telegramKey), APIURL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bot.Close() })
	return server, bot
}

func startZaloOA(t *testing.T, setup notifytest.ZaloOASetup, state *memory) (*notifytest.ZaloOA, *ZaloOA) {
	t.Helper()
	setup.AppID, setup.AppSecret, setup.RefreshToken = "42", appSecret, refreshToken
	server, err := notifytest.StartZaloOA(setup)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server, newZaloOA(t, server, state)
}

// newZaloOA is the process after a restart: the same server, the same state.
func newZaloOA(t *testing.T, server *notifytest.ZaloOA, state *memory) *ZaloOA {
	t.Helper()
	oa, err := NewZaloOA(zaloOAConfig(server, state))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = oa.Close() })
	return oa
}

var toGroup = tasks.Outgoing{Address: "f414c8f76fa586fbdfb4", Text: "Kính gửi"}

func TestZaloBotRefusals(t *testing.T) {
	t.Parallel()
	const T, P, U, D = tasks.Transient, tasks.Permanent, tasks.Unknowable, tasks.ChannelDown
	for code, want := range map[int]tasks.Outcome{400: P, 401: D, 403: T, 404: P, 408: U, 422: P, 426: T, 429: T, 500: T, 502: T, 503: T, 504: T} {
		for _, mirror := range []bool{false, true} {
			if code == 408 && mirror {
				continue // net/http's server does not let a handler say so
			}
			t.Run(fmt.Sprintf("%d, mirrored %v", code, mirror), func(t *testing.T) {
				t.Parallel()
				server, bot := startZaloBot(t, notifytest.ZaloBotSetup{Mirror: mirror})
				server.Inject(notifytest.Fault{Code: code, Text: "no"})
				_, err := bot.Send(t.Context(), toGroup)
				wantFailure(t, err, tasks.SendError{Outcome: want}, telegramKey)
				if _, err := bot.Send(t.Context(), toGroup); err != nil {
					t.Errorf("the next message: %v", err)
				}
			})
		}
	}
	for name, c := range map[string]struct {
		body string
		want tasks.Outcome
	}{
		"code as text":    {`{"ok":false,"description":"no","error_code":"401"}`, D},
		"the other name":  {`{"ok":false,"description":"no","errorCode":400}`, P},
		"no code at all":  {`{"ok":false,"description":"no"}`, T},
		"no ok at all":    {`{"error_code":400}`, T},
		"ok without more": {`{"ok":true}`, "sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, bot := startZaloBot(t, notifytest.ZaloBotSetup{})
			server.Inject(notifytest.Fault{Status: 200, Body: c.body})
			if _, err := bot.Send(t.Context(), toGroup); outcome(err) != c.want {
				t.Errorf("want %s, got %v", c.want, err)
			}
		})
	}
}

func TestZaloBrokenAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range brokenAnswers {
		t.Run("bot/"+c.name, func(t *testing.T) {
			t.Parallel()
			server, bot := startZaloBot(t, notifytest.ZaloBotSetup{})
			server.Inject(c.fault)
			_, err := bot.Send(t.Context(), toGroup)
			wantFailure(t, err, c.want, telegramKey)
		})
		t.Run("oa/"+c.name, func(t *testing.T) {
			t.Parallel()
			server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
			server.Inject(c.fault)
			_, err := oa.Send(t.Context(), toGroup)
			access, refresh := server.Tokens()
			wantFailure(t, err, c.want, appSecret, refreshToken, access, refresh)
		})
		t.Run("oauth/"+c.name, func(t *testing.T) {
			t.Parallel()
			server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
			fault := c.fault
			fault.Take = false // so that the token is good for another try
			server.OAuth.Inject(fault)
			_, err := oa.Send(t.Context(), toGroup)
			wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient}, appSecret, refreshToken)
			if !tasks.AsSendError(err).Unreached {
				t.Error("not called unreached")
			}
			if _, err := oa.Send(t.Context(), toGroup); err != nil {
				t.Errorf("once more: %v", err)
			}
		})
	}
}

// TestZaloBotTooMuch: one code for haste and for the month's quota.
func TestZaloBotTooMuch(t *testing.T) {
	t.Parallel()
	server, bot := startZaloBot(t, notifytest.ZaloBotSetup{Quota: 1})
	if _, err := bot.Send(t.Context(), toGroup); err != nil {
		t.Fatal(err)
	}
	for i, wait := range []time.Duration{0, 0, 10 * time.Minute, 10 * time.Minute} {
		if i == 1 { // a gateway's page counts as well
			server.Inject(notifytest.Fault{Status: 429, Body: "<html>429 Too Many Requests</html>"})
		}
		_, err := bot.Send(t.Context(), toGroup)
		wantFailure(t, err, tasks.SendError{Outcome: tasks.Transient, RetryAfter: wait})
	}
	var s strikes
	at := time.Date(2023, 6, 30, 7, 30, 0, 0, time.UTC)
	for i, want := range []time.Duration{0, 0, 0, 10 * time.Minute} {
		if got := s.hit(at.Add([]time.Duration{0, 4 * time.Minute, 6 * time.Minute, 8 * time.Minute}[i])); got != want {
			t.Errorf("hit %d: want %s, got %s", i, want, got)
		}
	}
}

func TestZaloOARefusals(t *testing.T) {
	t.Parallel()
	rows := []struct {
		outcome tasks.Outcome
		after   time.Duration
		codes   []int
	}{
		{tasks.Transient, 0, []int{-200, -100, -999, 7}},
		{tasks.Transient, time.Minute, []int{-32}},
		{tasks.Transient, time.Hour, []int{-144, -147, -211, -218, -133, -234}},
		{tasks.ChannelDown, 0, []int{-101, -102, -103, -104, -105, -115, -135, -136, -137, -204, -205, -209, -212, -219, -221, -223, -224, -240, -242, -320, -321}},
		{tasks.Permanent, 0, []int{-108, -114, -118, -119, -139, -140, -141, -201, -210, -213, -227, -230, -232, -233, -237, -244, -248, -403}},
	}
	server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
	for _, row := range rows {
		for _, code := range row.codes {
			server.Inject(notifytest.Fault{Code: code, Text: "no"})
			_, err := oa.Send(t.Context(), toGroup)
			wantFailure(t, err, tasks.SendError{Outcome: row.outcome, RetryAfter: row.after}, appSecret, refreshToken)
			if got, want := tasks.AsSendError(err).Spent, row.after == time.Hour && code != -133 && code != -234; got != want {
				t.Errorf("%d: a quota: %v, want %v", code, got, want)
			}
			if want := fmt.Sprintf("error %d: no", code); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("want %q, got %v", want, err)
			}
		}
	}
	if n := server.Rotations(); n != 1 {
		t.Errorf("want 1 rotation, got %d", n)
	}
}

func TestZaloOACallsNobodyByName(t *testing.T) {
	t.Parallel()
	server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
	out := toGroup
	out.Text = "[@123] [[@x]@f414c8f76fa586fbdfb4] [@ [ @ ]"
	if _, err := oa.Send(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if got, want := server.Accepted()[0].Text, "[ @123] [[ @x]@f414c8f76fa586fbdfb4] [ @ [ @ ]"; got != want {
		t.Errorf("want %q, got %q", want, got)
	}
}

func TestZaloOAOneGroupIsNotAll(t *testing.T) {
	t.Parallel()
	server, oa := startZaloOA(t, notifytest.ZaloOASetup{}, &memory{})
	server.Refuse("g1", -237, "group is disabled")
	out := toGroup
	out.Address = "g1"
	_, err := oa.Send(t.Context(), out)
	wantFailure(t, err, tasks.SendError{Outcome: tasks.Permanent})
	receipt, err := oa.Send(t.Context(), toGroup)
	if err != nil || receipt.Reply != "message_id 9007199254740994" { // more than a float can count
		t.Errorf("receipt %+v, error %v", receipt, err)
	}
}

func TestNewZalo(t *testing.T) {
	t.Parallel()
	if _, err := NewZaloBot(ZaloBotConfig{Token: NewSecret("CANARY")}); err == nil || err.Error() != "zalo_bot: token: want digits, a colon and letters, as Zalo Bot Creator gives it" {
		t.Errorf("got %v", err)
	}
	if _, err := NewZaloBot(ZaloBotConfig{Token: NewSecret(telegramKey), APIURL: "http://example.org"}); err == nil || !strings.HasPrefix(err.Error(), "zalo_bot: api_url: http would carry") {
		t.Errorf("got %v", err)
	}
	good := ZaloOAConfig{AppID: "42", AppSecret: NewSecret(appSecret), RefreshToken: NewSecret(refreshToken), State: &memory{}}
	for want, change := range map[string]func(*ZaloOAConfig){
		"":                             func(*ZaloOAConfig) {},
		"zalo_oa: app_id: missing":     func(c *ZaloOAConfig) { c.AppID = "" },
		"zalo_oa: app_secret: missing": func(c *ZaloOAConfig) { c.AppSecret = Secret{} },
		"zalo_oa: refresh_token: missing; authorise the application":     func(c *ZaloOAConfig) { c.RefreshToken = Secret{} },
		"zalo_oa: no place to keep the tokens":                           func(c *ZaloOAConfig) { c.State = nil },
		"zalo_oa: api_url: want an https:// address":                     func(c *ZaloOAConfig) { c.APIURL = "x" },
		"zalo_oa: oauth_url: http would carry the secret in clear; use ": func(c *ZaloOAConfig) { c.OAuthURL = "http://example.org" },
	} {
		config := good
		change(&config)
		_, err := NewZaloOA(config)
		if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
