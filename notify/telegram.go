package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	tgbotapi "github.com/go-telegram-bot-api/telegram-bot-api/v5"

	"nhacviec/tasks"
)

// TelegramConfig says as which bot to send.
type TelegramConfig struct {
	Token  Secret // "123456:ABC…", from @BotFather
	APIURL string // "": https://api.telegram.org
	Proxy  string // http, https or socks5 URL; "": what the environment says
}

// Telegram sends messages as a bot.
type Telegram struct {
	token    Secret
	endpoint string // with a place for the token and one for the method
	calls    *caller
}

var telegramToken = regexp.MustCompile(`^[0-9]{1,20}:[A-Za-z0-9_-]{1,100}$`)

// NewTelegram checks the config. It does not touch the network.
func NewTelegram(c TelegramConfig) (*Telegram, error) {
	if !telegramToken.MatchString(c.Token.Reveal()) {
		return nil, errors.New(`telegram: token: want digits, a colon and letters, as @BotFather gives it`)
	}
	api, err := baseURL("api_url", c.APIURL, "https://api.telegram.org")
	if err != nil {
		return nil, fmt.Errorf("telegram: %w", err)
	}
	secrets := []string{c.Token.Reveal()}
	if u, err := url.Parse(c.Proxy); err == nil {
		password, _ := u.User.Password()
		secrets = append(secrets, password)
	}
	calls, err := newCaller(c.Proxy, newRedactor(secrets...))
	if err != nil {
		return nil, fmt.Errorf("telegram: %w", err)
	}
	return &Telegram{token: c.Token, endpoint: strings.ReplaceAll(api, "%", "%%") + "/bot%s/%s", calls: calls}, nil
}

// Send posts one message whose Text is in Telegram's HTML. Text that Telegram
// cannot parse goes out once more as plain text, and a message to a forum topic
// that is gone goes to the group itself: better plain or misplaced than lost.
func (t *Telegram) Send(ctx context.Context, out tasks.Outgoing) (tasks.Receipt, error) {
	chat, topic, err := parseTelegramAddress(out.Address)
	if err != nil {
		return tasks.Receipt{}, &tasks.SendError{Outcome: tasks.Permanent, Err: fmt.Errorf("telegram address %q: %w", out.Address, err)}
	}
	params := tgbotapi.Params{
		"chat_id":              chat,
		"text":                 out.Text,
		"parse_mode":           tgbotapi.ModeHTML,
		"link_preview_options": `{"is_disabled":true}`,
	}
	if topic > 1 { // 1 is the general topic, which the API knows by no number
		params["message_thread_id"] = strconv.Itoa(topic)
	}
	if out.Silent {
		params["disable_notification"] = "true"
	}

	note := ""
	for {
		res, failed := t.call(ctx, "sendMessage", params)
		if failed == nil {
			var sent struct {
				ID int64 `json:"message_id"`
			}
			_ = json.Unmarshal(res, &sent) // the yes counts, with or without a number
			return tasks.Receipt{Reply: fmt.Sprintf("message_id %d%s", sent.ID, note)}, nil
		}
		var refusal *tgbotapi.Error
		switch {
		case !errors.As(failed.Err, &refusal):
		case params["parse_mode"] != "" && contains(refusal, "can't parse entities"):
			delete(params, "parse_mode")
			params["text"] = plainText(out.Text)
			note += ", as plain text"
			continue
		case params["message_thread_id"] != "" && contains(refusal, "message thread not found"):
			delete(params, "message_thread_id")
			note += fmt.Sprintf(", topic %d is gone: sent to the group itself", topic)
			continue
		}
		if failed.NewAddress != "" && topic > 0 {
			failed.NewAddress += ":" + strconv.Itoa(topic)
		}
		return tasks.Receipt{}, t.finish(failed)
	}
}

// Check asks Telegram who the bot is. Its error is a *tasks.SendError.
func (t *Telegram) Check(ctx context.Context) error {
	if _, failed := t.call(ctx, "getMe", nil); failed != nil {
		return t.finish(asCheck(failed))
	}
	return nil
}

// Close ends the idle connections.
func (t *Telegram) Close() error {
	t.calls.close()
	return nil
}

// finish takes the token out of an error on its way out.
func (t *Telegram) finish(failed *tasks.SendError) *tasks.SendError {
	failed.Err = fmt.Errorf("telegram: %w", t.calls.hide().error(failed.Err))
	return failed
}

// call makes one call of the bot API and returns the result.
func (t *Telegram) call(ctx context.Context, method string, params tgbotapi.Params) (json.RawMessage, *tasks.SendError) {
	via := &telegramCall{ctx: ctx, calls: t.calls}
	bot := &tgbotapi.BotAPI{Token: t.token.Reveal(), Client: via} // its constructor would call getMe
	bot.SetAPIEndpoint(t.endpoint)
	res, err := bot.MakeRequest(method, params)
	var refusal *tgbotapi.Error
	switch {
	case err == nil:
		return res.Result, nil
	case errors.As(err, &refusal):
		if refusal.Code == 0 {
			refusal.Code = via.answer.status
		}
		failed := telegramRefusal(refusal)
		if failed.RetryAfter == 0 {
			failed.RetryAfter = headerWait(via.answer.header)
		}
		return nil, failed
	}
	if via.err != nil {
		err = via.err
	} else {
		err = nil // the body was read; it is no JSON
	}
	return nil, t.calls.noVerdict(via.answer, err)
}

// telegramCall lends the library one call: it brings the context in, bounds the
// body, and remembers what the library forgets.
type telegramCall struct {
	ctx    context.Context
	calls  *caller
	answer answer
	err    error
}

func (c *telegramCall) Do(req *http.Request) (*http.Response, error) {
	c.answer, c.err = c.calls.do(c.ctx, req)
	if c.err != nil {
		return nil, c.err
	}
	return &http.Response{StatusCode: c.answer.status, Body: io.NopCloser(bytes.NewReader(c.answer.body))}, nil
}

// telegramRefusal says what a no of the bot API means.
func telegramRefusal(refusal *tgbotapi.Error) *tasks.SendError {
	failed := &tasks.SendError{Outcome: tasks.Transient, RetryAfter: wait(refusal.RetryAfter), Unreached: refusal.Code < 400 || refusal.Code >= 500, Err: refusal}
	switch code := refusal.Code; {
	case refusal.MigrateToChatID != 0:
		failed.Outcome = tasks.Moved
		failed.NewAddress = strconv.FormatInt(refusal.MigrateToChatID, 10)
	case code == http.StatusUnauthorized, code == http.StatusNotFound: // revoked, or no token at all
		failed.Outcome = tasks.ChannelDown
	case (code == http.StatusForbidden || code == http.StatusBadRequest) && telegramFinal.MatchString(refusal.Message):
		failed.Outcome = tasks.Permanent
	}
	return failed
}

// telegramFinal are the refusals that no waiting changes: this bot may not
// write to that chat, or Telegram cannot take that text. Words that are not
// among them may mean a passing trouble of its own.
var telegramFinal = regexp.MustCompile(`(?i)bot was (blocked|kicked)|user is deactivated|can't initiate conversation|` +
	`bots can't send messages to bots|not a member|(group )?chat was deleted|chat not found|chat_id is empty|group is deactivated|` +
	`chat_(write_forbidden|restricted|send_plain_forbidden|admin_required)|peer_id_invalid|user_(is_blocked|deactivated)|` +
	`not enough rights|have no rights|need administrator rights|topic_(closed|deleted)|message thread not found|` +
	`(text|message) is (too long|empty)|text must be|can't parse entities|must be encoded in utf-8`)

func contains(refusal *tgbotapi.Error, text string) bool {
	return strings.Contains(strings.ToLower(refusal.Message), text)
}

// telegramTags are the tags that Telegram knows; anything else in angle
// brackets is somebody's text.
var telegramTags = regexp.MustCompile(`(?i)</?(b|strong|i|em|u|ins|s|strike|del|a|code|pre|blockquote|span|tg-[a-z]+)(\s[^<>]*)?>`)

func plainText(markup string) string {
	return html.UnescapeString(telegramTags.ReplaceAllString(markup, ""))
}
