package notifytest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"nhacviec/tasks"
)

// ZaloBotSetup is what a server of Zalo's Bot Platform knows when it starts.
type ZaloBotSetup struct {
	Token    string
	Chats    []string      // ids that exist; nil: all do
	Quota    int           // messages that the month still has; 0: no end
	Mirror   bool          // errors come with their code as HTTP status, not with 200
	OnAccept func(Message) // called for each message accepted; may be nil
}

// ZaloBot is a server of Zalo's Bot Platform: getMe and sendMessage. The words
// of its refusals for an unknown chat and a long text are not known; these are
// made up.
type ZaloBot struct {
	*web
	recorder
	faults
	setup ZaloBotSetup
	chats map[string]bool

	mu   sync.Mutex
	sent int
}

// StartZaloBot starts one on a free port.
func StartZaloBot(setup ZaloBotSetup) (*ZaloBot, error) {
	z := &ZaloBot{recorder: recorder{onAccept: setup.OnAccept}, setup: setup, chats: set(setup.Chats)}
	var err error
	z.web, err = startWeb(z)
	return z, err
}

// set returns nil for nil.
func set(names []string) map[string]bool {
	if names == nil {
		return nil
	}
	out := map[string]bool{}
	for _, name := range names {
		out[name] = true
	}
	return out
}

func (z *ZaloBot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, method, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/bot"), "/")
	switch {
	case token != z.setup.Token:
		z.refuse(w, 401, "Unauthorized")
	case method == "getMe":
		writeJSON(w, 200, map[string]any{"ok": true, "result": map[string]any{
			"id": "145", "account_name": "bot.nhacviec", "account_type": "BASIC", "can_join_groups": true}})
	case method == "sendMessage":
		z.send(w, r)
	default:
		z.refuse(w, 404, "Not Found")
	}
}

func (z *ZaloBot) refuse(w http.ResponseWriter, code int, text string) {
	status := 200
	if z.setup.Mirror {
		status = code
	}
	writeJSON(w, status, map[string]any{"ok": false, "description": text, "error_code": code})
}

func (z *ZaloBot) send(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p := map[string]string{}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") { // which the real one cannot read either
		p = callParams(r, body)
	}
	m := Message{Channel: tasks.ZaloBot, Address: p["chat_id"], Text: p["text"], Raw: body}
	take := func() {
		z.mu.Lock()
		z.sent++
		m.ID = fmt.Sprintf("%020x", z.sent)
		z.mu.Unlock()
		z.take(m)
	}
	z.begin()
	defer z.end()
	if z.strike(w, r, take, func(f Fault) { z.refuse(w, f.Code, f.Text) }) {
		return
	}
	z.mu.Lock()
	spent := z.setup.Quota > 0 && z.sent >= z.setup.Quota
	z.mu.Unlock()
	switch {
	case p["chat_id"] == "":
		z.refuse(w, 400, "Bad request: The chat_id must not be empty")
	case p["text"] == "":
		z.refuse(w, 400, "Bad request: The text must not be empty")
	case utf8.RuneCountInString(p["text"]) > 2000:
		z.refuse(w, 400, "Bad request: The text is too long")
	case z.chats != nil && !z.chats[p["chat_id"]]:
		z.refuse(w, 400, "Bad request: The chat_id is invalid")
	case spent:
		z.refuse(w, 429, "Quota exceeded")
	default:
		take()
		writeJSON(w, 200, map[string]any{"ok": true, "error_code": 0, "result": map[string]any{"message_id": m.ID, "date": int64(1749632637199)}})
	}
}

// TooFast implements FarEnd.
func (z *ZaloBot) TooFast() time.Duration {
	z.Inject(Fault{Code: 429, Text: "Quota exceeded"})
	return 0
}
