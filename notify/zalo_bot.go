package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"nhacviec/tasks"
)

// ZaloBotConfig says as which bot of Zalo's Bot Platform to send.
type ZaloBotConfig struct {
	Token  Secret // "123456:abc…", from Zalo Bot Creator
	APIURL string // "": https://bot-api.zaloplatforms.com
}

// ZaloBot sends messages as a bot of Zalo's Bot Platform.
type ZaloBot struct {
	base    string // with the token: up to the method's name
	calls   *caller
	strikes strikes
}

var zaloBotToken = regexp.MustCompile(`^[0-9]{1,30}:[A-Za-z0-9_.~-]{1,200}$`)

// NewZaloBot checks the config. It does not touch the network.
func NewZaloBot(c ZaloBotConfig) (*ZaloBot, error) {
	token := c.Token.Reveal()
	if !zaloBotToken.MatchString(token) {
		return nil, errors.New(`zalo_bot: token: want digits, a colon and letters, as Zalo Bot Creator gives it`)
	}
	api, err := baseURL("api_url", c.APIURL, "https://bot-api.zaloplatforms.com")
	if err != nil {
		return nil, fmt.Errorf("zalo_bot: %w", err)
	}
	calls, err := newCaller("", newRedactor(token))
	if err != nil {
		return nil, fmt.Errorf("zalo_bot: %w", err)
	}
	return &ZaloBot{base: api + "/bot" + token + "/", calls: calls}, nil
}

// Send posts Text as it is: no markup, so that nothing in it can be one.
func (z *ZaloBot) Send(ctx context.Context, out tasks.Outgoing) (tasks.Receipt, error) {
	if err := CheckAddress(tasks.ZaloBot, out.Address); err != nil {
		return tasks.Receipt{}, &tasks.SendError{Outcome: tasks.Permanent, Err: err}
	}
	result, failed := z.call(ctx, "sendMessage", map[string]string{"chat_id": out.Address, "text": out.Text})
	var refusal *zaloRefusal
	if failed != nil && errors.As(failed.Err, &refusal) && refusal.code == http.StatusNotFound {
		// Either the token or the chat: Zalo does not say which, but knows the bot
		// only by a good token.
		if _, lost := z.call(ctx, "getMe", nil); lost == nil {
			failed.Outcome = tasks.Permanent
		}
	}
	if failed != nil {
		return tasks.Receipt{}, z.finish(failed)
	}
	var sent struct {
		ID string `json:"message_id"`
	}
	_ = json.Unmarshal(result, &sent) // the yes counts, with or without an id
	return tasks.Receipt{Reply: "message_id " + z.calls.hide().text(sent.ID)}, nil
}

// Check asks Zalo who the bot is. Its error is a *tasks.SendError.
func (z *ZaloBot) Check(ctx context.Context) error {
	if _, failed := z.call(ctx, "getMe", nil); failed != nil {
		return z.finish(asCheck(failed))
	}
	return nil
}

// Close ends the idle connections.
func (z *ZaloBot) Close() error {
	z.calls.close()
	return nil
}

func (z *ZaloBot) finish(failed *tasks.SendError) *tasks.SendError {
	failed.Err = fmt.Errorf("zalo bot: %w", z.calls.hide().error(failed.Err))
	return failed
}

// call makes one call and returns its result. Errors come with HTTP 200 as a
// rule, so the body is read first.
func (z *ZaloBot) call(ctx context.Context, method string, params map[string]string) (json.RawMessage, *tasks.SendError) {
	if params == nil {
		params = map[string]string{}
	}
	body, err := json.Marshal(params)
	if err != nil {
		return nil, &tasks.SendError{Outcome: tasks.Permanent, Err: err}
	}
	a, err := z.calls.post(ctx, z.base+method, "application/json", body, nil)
	var reply struct {
		OK          *bool           `json:"ok"`
		Result      json.RawMessage `json:"result"`
		Description string          `json:"description"`
		ErrorCode   zaloCode        `json:"error_code"`
		Code        zaloCode        `json:"errorCode"` // as some of its pages write it
	}
	var failed *tasks.SendError
	switch {
	case err != nil || json.Unmarshal(a.body, &reply) != nil || reply.OK == nil:
		failed = z.calls.noVerdict(a, err)
	case *reply.OK:
		return reply.Result, nil
	default:
		refusal := &zaloRefusal{code: int(reply.ErrorCode), text: reply.Description}
		if refusal.code == 0 {
			refusal.code = int(reply.Code)
		}
		if refusal.code == 0 {
			refusal.code = a.status
		}
		failed = &tasks.SendError{Outcome: zaloBotOutcome(refusal.code), RetryAfter: headerWait(a.header), Unreached: refusal.code >= 500, Err: refusal}
	}
	if a.status == http.StatusTooManyRequests || isZaloCode(failed.Err, http.StatusTooManyRequests) {
		failed.RetryAfter = max(failed.RetryAfter, z.strikes.hit(time.Now()))
	}
	return nil, failed
}

// zaloBotOutcome says what an error code of the Bot Platform means.
func zaloBotOutcome(code int) tasks.Outcome {
	switch {
	case code == 400, code == 422:
		return tasks.Permanent
	case code == 401, code == 404: // no such token
		return tasks.ChannelDown
	case code == 408: // it stopped waiting for something behind it
		return tasks.Unknowable
	}
	return tasks.Transient // 403 is its "internal server error", 429 too fast or too much
}

// strikes counts refusals for sending too much. Zalo has one code for a moment's
// haste and for a month's quota, and names no time to wait: the third in five
// minutes is answered with a pause.
type strikes struct {
	mu sync.Mutex
	at []time.Time
}

func (s *strikes) hit(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	recent := s.at[:0]
	for _, t := range append(s.at, now) {
		if now.Sub(t) < 5*time.Minute {
			recent = append(recent, t)
		}
	}
	s.at = recent
	if len(recent) >= 3 {
		return 10 * time.Minute
	}
	return 0
}

// zaloRefusal is a no in Zalo's own words.
type zaloRefusal struct {
	code int
	text string
}

func (r *zaloRefusal) Error() string { return fmt.Sprintf("error %d: %s", r.code, r.text) }

func isZaloCode(err error, codes ...int) bool {
	var refusal *zaloRefusal
	if !errors.As(err, &refusal) {
		return false
	}
	for _, code := range codes {
		if refusal.code == code {
			return true
		}
	}
	return false
}

// zaloCode is a number that may come as text.
type zaloCode int

// UnmarshalJSON accepts -216 and "-216"; null and "" are 0.
func (c *zaloCode) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "" || text == "null" {
		return nil
	}
	n, err := strconv.Atoi(text)
	*c = zaloCode(n)
	return err
}
