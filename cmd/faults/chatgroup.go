//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// chatFaults lists the wrong answers of each service with what must become of
// the message.
func chatFaults() map[tasks.Channel][]chatFault {
	telegram := func(code int, text, params string) chatFault {
		if params != "" {
			params = `,"parameters":{` + params + `}`
		}
		return chatFault{status: code, body: fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q%s}`, code, text, params)}
	}
	bot := func(code, text string) chatFault {
		return chatFault{body: fmt.Sprintf(`{"ok":false,"description":%q,"error_code":%s}`, text, code)}
	}
	account := func(code string) chatFault {
		return chatFault{body: fmt.Sprintf(`{"error":%s,"message":"no"}`, code)}
	}
	line := []chatFault{ // whoever answers, or does not
		{status: 502, body: "<html><h1>502 Bad Gateway</h1></html>", want: again},
		{status: 503, body: "<html>busy</html>", want: again},
		{status: 504, want: again},
		{status: 500, body: "{", want: again},
		{status: 302, want: again},
		{status: 407, body: "proxy", want: again},
		{body: "<html>log in to the network</html>", want: again},
		{body: "null", want: again},
		{body: "[]", want: again},
		{deed: notifytest.Flood, want: again},
		{deed: notifytest.Reset, want: doubted},
		{deed: notifytest.Reset, take: true, want: doubted},
		{deed: notifytest.Hang, take: true, want: doubted},
		{body: `{"ok":tr`, deed: notifytest.Half, want: doubted},
		{body: `{"ok":tr`, deed: notifytest.Half, take: true, want: doubted},
	}
	as := func(want fate, all ...chatFault) []chatFault {
		for i := range all {
			all[i].want = want
			all[i].take = all[i].take || want == taken
		}
		return all
	}
	ends := []string{"Forbidden: bot was blocked by the user", "Forbidden: user is deactivated", "Forbidden: bot can't initiate conversation with a user",
		"Forbidden: bot was kicked from the group chat", "Forbidden: bot was kicked from the supergroup chat", "Forbidden: bot was kicked from the channel chat",
		"Forbidden: bot is not a member of the group chat", "Forbidden: bot is not a member of the supergroup chat", "Forbidden: the group chat was deleted"}
	wrong := []string{"chat not found", "chat_id is empty", "private chat not found", "not enough rights to send text messages to the chat", "CHAT_WRITE_FORBIDDEN",
		"TOPIC_CLOSED", "message text is empty", "text must be non-empty", "message is too long", "text is too long"}
	all := map[tasks.Channel][]chatFault{
		tasks.Telegram: slices.Concat(line,
			as(again, telegram(429, "Too Many Requests: retry after 1", `"retry_after":1`), telegram(429, "Too Many Requests: retry after 30", `"retry_after":30`),
				telegram(429, "Too Many Requests", ""), telegram(429, "Too Many Requests", `"retry_after":-5`), telegram(500, "Internal Server Error: restart", ""),
				telegram(409, "Conflict: terminated by other getUpdates request", ""), telegram(403, "Forbidden: words nobody has seen", ""),
				telegram(400, "Bad Request: words nobody has seen", ""), chatFault{body: `{"ok":false}`}, chatFault{body: `{"ok":"yes"}`}, chatFault{status: 429, body: "<html>", wait: "2"}),
			as(taken, chatFault{body: `{"ok":true}`}, chatFault{body: `{"ok":true,"result":"x"}`}, chatFault{body: `{"ok":true,"result":{"message_id":"12"}}`})),
		tasks.ZaloBot: slices.Concat(line,
			as(again, bot("403", "Internal server error"), bot("429", "Quota exceeded"), bot("500", "x"), chatFault{status: 429, body: "<html>nginx</html>"},
				chatFault{body: `{"ok":null}`}, chatFault{body: `{"ok":1}`}),
			as(refused, bot("400", "Bad request: The chat_id must not be empty"), bot(`"400"`, "Bad request"), bot("422", "x"), bot("404", "Not Found"),
				chatFault{body: `{"ok":false,"errorCode":400}`}, chatFault{status: 400, body: `{"ok":false,"error_code":400}`}),
			as(doubted, bot("408", "Request timeout")),
			as(taken, chatFault{body: `{"ok":true}`}, chatFault{body: `{"ok":true,"result":{"message_id":5}}`})),
		tasks.ZaloOA: slices.Concat(line,
			as(again, account("-200"), account("-32"), account("-100"), account("-77777"), chatFault{body: `{"message":"no"}`}),
			as(refused, account("-201"), account(`"-201"`), account("-213"), account("-230"), account("-232"), account("-403"), account("-237"), account("-244"), account("-248"), account("-227"), account("-210")),
			as(taken, chatFault{body: `{"error":0}`}, chatFault{body: `{"error":"0","message":"Success"}`})),
	}
	for _, text := range ends {
		all[tasks.Telegram] = append(all[tasks.Telegram], as(refused, telegram(403, text, ""))...)
	}
	for _, text := range wrong {
		all[tasks.Telegram] = append(all[tasks.Telegram], as(refused, telegram(400, "Bad Request: "+text, ""))...)
	}
	// These are mended within one attempt: as plain text, at the new address, with
	// a new token.
	mended := telegram(400, `Bad Request: can't parse entities: Unsupported start tag "x" at byte offset 3`, "")
	moved := telegram(400, "Bad Request: group chat was upgraded to a supergroup chat", `"migrate_to_chat_id":`+newGroup)
	for _, f := range []*chatFault{&mended, &moved} {
		f.want = taken
		all[tasks.Telegram] = append(all[tasks.Telegram], *f)
	}
	for _, code := range []string{"-216", "-220", "-124"} {
		f := account(code)
		f.want = taken
		all[tasks.ZaloOA] = append(all[tasks.ZaloOA], f)
	}
	return all
}

// misbehaveChats lets the chat services give every wrong answer there is.
func misbehaveChats(ctx context.Context, l *lab) (res result, err error) {
	res.inFlight = -1
	all := chatFaults()
	if l.quick {
		for ch := range all {
			all[ch] = slices.DeleteFunc(all[ch], func(f chatFault) bool {
				return f.deed == notifytest.Hang || f.status == 429 || strings.Contains(f.body, `"-32"`)
			})
			few := map[fate]bool{}
			all[ch] = slices.DeleteFunc(all[ch], func(f chatFault) bool { had := few[f.want]; few[f.want] = true; return had })
		}
	}
	o, err := l.found("chats", l.binary, plan{messages: map[tasks.Channel]int{tasks.Telegram: len(all[tasks.Telegram]), tasks.ZaloBot: len(all[tasks.ZaloBot])}})
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	tokens, err := o.addAccount(len(all[tasks.ZaloOA]))
	if err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, tokens.Close()) }()
	mover := "" // the address of the group that has moved
	server := startFaultyChat(func(m notifytest.Message) {
		if m.Address == newGroup {
			m.Address = mover
		}
		o.take(m)
	})
	defer server.stop()
	faults := map[target]chatFault{}
	for ch, list := range all {
		for i, f := range list {
			address := newAddress(ch, i/perUnit+1, i%perUnit)
			to := target{ch, address}
			server.faults[to], faults[to] = f, f
			if strings.Contains(f.body, newGroup) {
				mover = address
			}
		}
	}
	o.text = strings.NewReplacer(o.telegram.URL(), server.URL, o.zalo.URL(), server.URL, "@account", server.URL).Replace(o.text)
	if err := errors.Join(os.WriteFile(o.config, []byte(o.text), 0o600), o.importPlan(ctx)); err != nil {
		return res, err
	}
	d, err := o.startReady(ctx)
	if err != nil {
		return res, err
	}
	defer d.kill()
	limit := 8 * time.Minute
	if l.quick {
		limit = 10 * time.Second
	}
	if err := errors.Join(o.untilSettled(ctx, limit), d.stop()); err != nil {
		return res, err
	}
	server.mu.Lock()
	res.faults = len(faults) - len(server.faults)
	for to, f := range server.faults {
		res.fail("the answer %s to %s %s was never given", f, to.channel, to.address)
	}
	if server.elsewhere > 0 {
		res.fail("a redirect was followed %d times", server.elsewhere)
	}
	server.mu.Unlock()
	var text []string
	for ch, list := range all {
		text = append(text, fmt.Sprintf("%s %d", ch, len(list)))
	}
	slices.Sort(text)
	res.note("wrong answers: %s", strings.Join(text, ", "))
	return res, errors.Join(o.judgeChats(ctx, faults, l.quick, &res), o.lookForTokens(ctx, &res), l.sendAway(ctx, &res))
}

// sendAway lets Telegram ask for more patience than anybody has: the whole bot
// is silent, for an hour at most.
func (l *lab) sendAway(ctx context.Context, res *result) error {
	for _, seconds := range []string{"3600", "1000000000"} {
		if err := l.sendAwayFor(ctx, seconds, res); err != nil {
			return err
		}
		if l.quick {
			break
		}
	}
	return nil
}

func (l *lab) sendAwayFor(ctx context.Context, seconds string, res *result) (err error) {
	o, err := l.open(ctx, "away", l.binary, plan{messages: map[tasks.Channel]int{tasks.Telegram: 10}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.ends.close()) }()
	for range workers { // each of them may have a message in hand
		o.telegram.Inject(notifytest.Fault{Code: 429, Text: "Too Many Requests: retry after " + seconds, Params: map[string]any{"retry_after": json.Number(seconds)}})
	}
	d, err := o.startReady(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	if err := pause(ctx, 3*time.Second); err != nil {
		return err
	}
	waits, err := o.reminders(ctx)
	if err != nil {
		return err
	}
	tried := 0
	for _, w := range waits {
		if w.Attempts == 0 {
			continue
		}
		tried++
		if wait := time.Until(w.NextAttempt); w.State != string(tasks.Retry) || wait < 50*time.Minute || wait > 70*time.Minute {
			res.fail("sent away for %s s, %s is %s and comes back after %s", seconds, w.Address, w.State, wait.Round(time.Second))
		}
	}
	res.faults++
	const inHand = 2 * 2 // two workers, and what each has prepared
	if tried == 0 || tried > inHand || len(waits) != 10 {
		res.fail("sent away for %s s, %d of %d messages were tried and %d wait", seconds, tried, len(o.expected), len(waits))
	}
	return d.stop()
}

// addAccount adds an official account with so many groups to the config; its
// api_url is @account. Far end of its tokens is what is returned.
func (o *office) addAccount(groups int) (*notifytest.ZaloOA, error) {
	tokens, err := notifytest.StartZaloOA(notifytest.ZaloOASetup{AppID: "1", AppSecret: accountSecret, RefreshToken: accountRefresh, OnAccept: o.take})
	if err != nil {
		return nil, err
	}
	for name, text := range map[string]string{"oa.secret": accountSecret, "oa.refresh": accountRefresh} {
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
			return nil, errors.Join(err, tokens.Close())
		}
	}
	account := fmt.Sprintf("[zalo_oa]\napp_id = \"1\"\napp_secret_file = \"oa.secret\"\nrefresh_token_file = \"oa.refresh\"\napi_url = \"@account\"\noauth_url = %q\n\n[calendar]", tokens.URL())
	o.text = strings.Replace(o.text, "[calendar]", account, 1)
	units := strings.Count(o.text, "[units.dv-")
	for unit := 1; (unit-1)*perUnit < groups; unit++ {
		var addresses []string
		for i := range min(groups-(unit-1)*perUnit, perUnit) {
			address := newAddress(tasks.ZaloOA, unit, i)
			addresses = append(addresses, fmt.Sprintf("%q", address))
			o.expect(target{tasks.ZaloOA, address}, marker(unit))
		}
		if unit > units {
			return nil, errors.Join(fmt.Errorf("%d groups for %d units", groups, units), tokens.Close())
		}
		old := fmt.Sprintf("[units.dv-%d]\n", unit)
		o.text = strings.Replace(o.text, old, old+"zalo_oa = ["+strings.Join(addresses, ", ")+"]\n", 1)
	}
	return tokens, nil
}

// The secrets of the official account.
const (
	accountSecret  = "CANARY-secret-0123456789abcdef"
	accountRefresh = "CANARY-first-0123456789abcdef"
)

// judgeChats holds what became of each message against what its answer asks for.
func (o *office) judgeChats(ctx context.Context, faults map[target]chatFault, halfWay bool, res *result) error {
	same := map[target]mailFault{}
	for to, f := range faults {
		same[to] = mailFault{step: string(to.channel), say: f.String(), take: f.take, want: f.want}
	}
	return o.judgeFates(ctx, same, halfWay, res)
}

// lookForTokens looks for secrets in all that the program shows and stores for
// people: its ledger, with the texts, its outbox and its status.
func (o *office) lookForTokens(ctx context.Context, res *result) error {
	d, err := o.startReady(ctx)
	if err != nil {
		return err
	}
	defer d.kill()
	var all strings.Builder
	for _, verb := range [][]string{{"ledger", "--json"}, {"ledger"}, {"outbox", "--json"}, {"outbox"}, {"status"}, {"status", "--json"}} {
		text, err := o.ask(ctx, verb...)
		if err != nil {
			return err
		}
		all.WriteString(text)
	}
	if err := d.stop(); err != nil {
		return err
	}
	all.Write(d.log.bytes())
	if n := strings.Count(all.String(), "CANARY"); n > 0 {
		at := strings.Index(all.String(), "CANARY")
		res.fail("a secret was shown %d times: %.80q", n, all.String()[max(at-40, 0):])
	}
	o.hear([]byte(all.String()))
	o.judgeOutput(res)
	return nil
}
