package notifytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"
	"unicode/utf8"

	"nhacviec/tasks"
)

// ZaloOASetup is what the servers of a Zalo official account know when they
// start.
type ZaloOASetup struct {
	AppID        string
	AppSecret    string
	RefreshToken string        // good for one use
	ExpiresIn    int           // life of an access token in seconds, as it is told; 0: 90000
	Groups       []string      // ids that exist; nil: all do
	OnAccept     func(Message) // called for each message accepted; may be nil
}

// ZaloOA is the OpenAPI and the OAuth server of an official account. Each
// renewal spends the refresh token and ends the access token before it.
type ZaloOA struct {
	*web
	recorder
	faults
	OAuth  faults // for renewals; Take: the tokens rotate all the same
	setup  ZaloOASetup
	groups map[string]bool

	mu        sync.Mutex
	access    string
	expired   map[string]bool
	refresh   string
	rotations int
	sent      int
	refusals  map[string]refusal
}

// StartZaloOA starts both on a free port.
func StartZaloOA(setup ZaloOASetup) (*ZaloOA, error) {
	if setup.ExpiresIn == 0 {
		setup.ExpiresIn = 90000
	}
	z := &ZaloOA{
		recorder: recorder{onAccept: setup.OnAccept},
		setup:    setup,
		groups:   set(setup.Groups),
		expired:  map[string]bool{},
		refresh:  setup.RefreshToken,
		refusals: map[string]refusal{},
	}
	var err error
	z.web, err = startWeb(z)
	return z, err
}

// ExpireAccess ends the life of the access token.
func (z *ZaloOA) ExpireAccess() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.expired[z.access] = true
	z.access = ""
}

// RevokeRefresh ends the life of the refresh token, as three months would.
func (z *ZaloOA) RevokeRefresh() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.refresh = ""
}

// Authorize is what a person does in the developer console: a new refresh token.
func (z *ZaloOA) Authorize(refresh string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.refresh = refresh
}

// Refuse makes a group answer with an error from now on.
func (z *ZaloOA) Refuse(group string, code int, text string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.refusals[group] = refusal{code, text}
}

// Rotations counts the renewals that were granted.
func (z *ZaloOA) Rotations() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.rotations
}

// Tokens returns those that are good now.
func (z *ZaloOA) Tokens() (access, refresh string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.access, z.refresh
}

func (z *ZaloOA) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "POST /v4/oa/access_token":
		z.renew(w, r)
	case "GET /v2.0/oa/getoa":
		if z.admit(w, r) {
			writeZalo(w, 0, "Success", map[string]any{"oa_id": "1", "name": "Nhắc việc", "oa_type": 4})
		}
	case "POST /v3.0/oa/group/message":
		z.send(w, r)
	default:
		writeZalo(w, -404, "Not found", nil)
	}
}

func writeZalo(w http.ResponseWriter, code int, text string, data any) {
	w.Header().Set("X-RateLimit-Limit", "4000")
	w.Header().Set("X-RateLimit-Remain", "3999")
	body := map[string]any{"error": code, "message": text}
	if data != nil {
		body["data"] = data
	}
	writeJSON(w, 200, body)
}

// admit checks the token, which may stand in one header only.
func (z *ZaloOA) admit(w http.ResponseWriter, r *http.Request) bool {
	z.mu.Lock()
	good, expired := z.access, z.expired[r.Header.Get("Access_token")]
	z.mu.Unlock()
	switch given := r.Header.Get("Access_token"); {
	case r.Header.Get("Authorization") != "" || r.URL.Query().Has("access_token"):
		writeZalo(w, -216, "Access token is invalid", nil)
	case expired:
		writeZalo(w, -220, "access_token is expired or removed", nil)
	case given == "" || given != good:
		writeZalo(w, -216, "Access token is invalid", nil)
	default:
		return true
	}
	return false
}

func (z *ZaloOA) send(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || !z.admit(w, r) {
		return
	}
	var call struct {
		Recipient struct {
			Group string `json:"group_id"`
		} `json:"recipient"`
		Message struct {
			Text string `json:"text"`
		} `json:"message"`
	}
	if json.Unmarshal(body, &call) != nil {
		writeZalo(w, -201, "body is invalid!", nil)
		return
	}
	group, text := call.Recipient.Group, call.Message.Text
	m := Message{Channel: tasks.ZaloOA, Address: group, Text: text, Raw: body}
	take := func() {
		z.mu.Lock()
		z.sent++
		m.ID = fmt.Sprintf("%d", 9007199254740993+int64(z.sent)) // more than a float can count
		z.mu.Unlock()
		z.take(m)
	}
	z.begin()
	defer z.end()
	if z.strike(w, r, take, func(f Fault) { writeZalo(w, f.Code, f.Text, nil) }) {
		return
	}
	z.mu.Lock()
	no, refused := z.refusals[group]
	z.mu.Unlock()
	switch {
	case refused:
		writeZalo(w, no.code, no.text, nil)
	case group == "" || z.groups != nil && !z.groups[group]:
		writeZalo(w, -201, "group_id is invalid!", nil)
	case text == "":
		writeZalo(w, -201, "text is invalid!", nil)
	case utf8.RuneCountInString(text) > 2000:
		writeZalo(w, -210, "Parameter exceeds the limit", nil)
	default:
		take()
		writeZalo(w, 0, "Success", map[string]any{"message_id": m.ID, "group_id": group})
	}
}

// renew is the OAuth server.
func (z *ZaloOA) renew(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	form, _ := url.ParseQuery(string(body))
	no := func(code int, name string) {
		writeJSON(w, 200, map[string]any{"error": code, "error_name": name, "error_description": name, "error_reason": "", "ref_doc": "https://developers.zalo.me"})
	}
	grant := func() map[string]any {
		z.mu.Lock()
		defer z.mu.Unlock()
		if form.Get("refresh_token") == "" || form.Get("refresh_token") != z.refresh {
			return nil
		}
		z.rotations++
		// What is told of a token is never the whole of another.
		z.access = fmt.Sprintf("CANARY-access-%d-%s", z.rotations, z.setup.RefreshToken)
		z.refresh = fmt.Sprintf("CANARY-refresh-%d-%s", z.rotations, z.setup.RefreshToken)
		return map[string]any{"access_token": z.access, "refresh_token": z.refresh, "expires_in": fmt.Sprint(z.setup.ExpiresIn)}
	}
	if z.OAuth.strike(w, r, func() { grant() }, func(f Fault) { no(f.Code, f.Text) }) {
		return
	}
	switch {
	case form.Get("app_id") != z.setup.AppID:
		no(-14002, "Invalid appId")
		return
	case r.Header.Get("Secret_key") != z.setup.AppSecret:
		no(-14004, "Invalid secret key")
		return
	case form.Get("grant_type") != "refresh_token":
		no(-14018, "Invalid grant type")
		return
	}
	if pair := grant(); pair != nil {
		writeJSON(w, 200, pair)
	} else {
		no(-14014, "Invalid refresh token")
	}
}

// TooFast implements FarEnd.
func (z *ZaloOA) TooFast() time.Duration {
	z.Inject(Fault{Code: -32, Text: "Your application reached limit call api"})
	return time.Minute
}
