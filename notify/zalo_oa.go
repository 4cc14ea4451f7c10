package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"nhacviec/tasks"
)

// ZaloOAConfig says as which official account to send.
type ZaloOAConfig struct {
	AppID        string
	AppSecret    Secret
	RefreshToken Secret // from a person's authorisation; a new one here replaces what State holds
	APIURL       string // "": https://openapi.zalo.me
	OAuthURL     string // "": https://oauth.zaloapp.com
	State        TokenStore
}

// ZaloOA posts into the groups (GMF) of a Zalo official account.
type ZaloOA struct {
	api    string
	calls  *caller
	tokens *zaloTokens
}

// NewZaloOA checks the config. It touches neither the network nor the state.
func NewZaloOA(c ZaloOAConfig) (*ZaloOA, error) {
	api, err := baseURL("api_url", c.APIURL, "https://openapi.zalo.me")
	if err != nil {
		return nil, fmt.Errorf("zalo_oa: %w", err)
	}
	oauth, err := baseURL("oauth_url", c.OAuthURL, "https://oauth.zaloapp.com")
	if err != nil {
		return nil, fmt.Errorf("zalo_oa: %w", err)
	}
	switch {
	case c.AppID == "":
		return nil, errors.New("zalo_oa: app_id: missing")
	case c.AppSecret.Reveal() == "":
		return nil, errors.New("zalo_oa: app_secret: missing")
	case c.RefreshToken.Reveal() == "":
		return nil, errors.New("zalo_oa: refresh_token: missing; authorise the application in Zalo's developer console to get one")
	case c.State == nil:
		return nil, errors.New("zalo_oa: no place to keep the tokens")
	}
	calls, err := newCaller("", newRedactor(c.AppSecret.Reveal(), c.RefreshToken.Reveal()))
	if err != nil {
		return nil, fmt.Errorf("zalo_oa: %w", err)
	}
	tokens := newZaloTokens(c, oauth+"/v4/oa/access_token", calls)
	calls.hide = tokens.hide
	return &ZaloOA{api: api, calls: calls, tokens: tokens}, nil
}

// Send posts Text into the group that Address names.
func (z *ZaloOA) Send(ctx context.Context, out tasks.Outgoing) (tasks.Receipt, error) {
	if err := CheckAddress(tasks.ZaloOA, out.Address); err != nil {
		return tasks.Receipt{}, &tasks.SendError{Outcome: tasks.Permanent, Err: err}
	}
	body, err := json.Marshal(map[string]any{
		"recipient": map[string]string{"group_id": out.Address},
		// "[@id]" would call somebody by name; nobody is called by somebody's text.
		"message": map[string]string{"text": strings.ReplaceAll(out.Text, "[@", "[ @")},
	})
	if err != nil {
		return tasks.Receipt{}, &tasks.SendError{Outcome: tasks.Permanent, Err: err}
	}
	data, failed := z.call(ctx, func(token string) (answer, error) {
		return z.calls.post(ctx, z.api+"/v3.0/oa/group/message", "application/json", body, map[string]string{"access_token": token})
	})
	if failed != nil {
		return tasks.Receipt{}, z.finish(failed)
	}
	var sent struct {
		ID string `json:"message_id"`
	}
	_ = json.Unmarshal(data, &sent) // the yes counts, with or without an id
	return tasks.Receipt{Reply: "message_id " + z.tokens.hide().text(sent.ID)}, nil
}

// Check asks Zalo who the account is. It also fails when messages still go out
// but the access cannot be renewed any more. Its error is a *tasks.SendError.
func (z *ZaloOA) Check(ctx context.Context) error {
	_, failed := z.call(ctx, func(token string) (answer, error) {
		req, err := http.NewRequest(http.MethodGet, z.api+"/v2.0/oa/getoa", nil)
		if err != nil {
			return answer{}, err
		}
		req.Header["access_token"] = []string{token} // its documented spelling
		return z.calls.do(ctx, req)
	})
	if failed != nil {
		return z.finish(asCheck(failed))
	}
	z.tokens.wait() // it may tell
	return z.Trouble()
}

// Keep renews the access when half of its life is over, whether or not there is
// anything to send. It is to be called every minute or so, and returns when the
// renewal is done or ctx ends; what went wrong is in Trouble.
func (z *ZaloOA) Keep(ctx context.Context) { z.tokens.keep(ctx) }

// Trouble is what a person must know now, before messages fail for it: the
// access cannot be renewed. It is nil when all is well, else a
// *tasks.SendError, with ErrReauthorize in it when access must be granted anew.
// It touches the state, not the network.
func (z *ZaloOA) Trouble() error {
	if failed := z.tokens.trouble(); failed != nil {
		return z.finish(failed)
	}
	return nil
}

// Close waits for a renewal of the tokens that is under way, and lets no other
// begin.
func (z *ZaloOA) Close() error {
	z.tokens.close()
	z.calls.close()
	return nil
}

func (z *ZaloOA) finish(failed *tasks.SendError) *tasks.SendError {
	failed.Err = fmt.Errorf("zalo oa: %w", z.tokens.hide().error(failed.Err))
	return failed
}

// call makes a call with an access token, and once more with a new one if Zalo
// does not like the first. Errors come with HTTP 200, so the body is read first.
func (z *ZaloOA) call(ctx context.Context, try func(token string) (answer, error)) (json.RawMessage, *tasks.SendError) {
	token := ""
	for attempt := 1; ; attempt++ {
		var failed *tasks.SendError
		if token, failed = z.tokens.access(ctx, token); failed != nil {
			return nil, failed
		}
		a, err := try(token)
		var reply struct {
			Error   *zaloCode       `json:"error"`
			Message string          `json:"message"`
			Data    json.RawMessage `json:"data"`
		}
		if err != nil || json.Unmarshal(a.body, &reply) != nil || reply.Error == nil {
			return nil, z.calls.noVerdict(a, err)
		}
		code := int(*reply.Error)
		if code == 0 {
			return reply.Data, nil
		}
		if attempt == 1 && isZaloTokenCode(code) {
			continue
		}
		failed = zaloOARefusal(code, reply.Message)
		failed.RetryAfter = max(failed.RetryAfter, headerWait(a.header))
		return nil, failed
	}
}

// isZaloTokenCode reports whether a code complains about the access token.
func isZaloTokenCode(code int) bool { return code == -216 || code == -220 || code == -124 }

// zaloOARefusal says what an error code of the official account's API means.
func zaloOARefusal(code int, text string) *tasks.SendError {
	failed := &tasks.SendError{Outcome: tasks.Transient, Err: &zaloRefusal{code, text}}
	switch code {
	case -32: // so many calls a minute
		failed.RetryAfter = time.Minute
	case -133, -234: // the night
		failed.RetryAfter = time.Hour
	case -144, -147, -211, -218: // a quota
		failed.RetryAfter, failed.Spent = time.Hour, true
	case -216, -220, -124, // a brand-new token was refused too
		-101, -102, -103, -104, -105, -115, -135, -136, -137, -204, -205, -209, -212, -219,
		-221, -223, -224, -240, -242, -320, -321:
		failed.Outcome = tasks.ChannelDown
	case -108, -114, -118, -119, -139, -140, -141, -201, -210, -213, -227, -230, -232, -233, -244, -248, -403,
		-237: // this group's own subscription ran out; others go on
		failed.Outcome = tasks.Permanent
	}
	return failed
}
