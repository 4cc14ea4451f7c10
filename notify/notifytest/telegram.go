package notifytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"nhacviec/tasks"
)

// TelegramSetup is what a Telegram server knows when it starts.
type TelegramSetup struct {
	Token    string
	Chats    []string      // addresses that exist, "-1001:12" with a topic; nil: all do
	OnAccept func(Message) // called for each message accepted; may be nil
}

// Telegram is a Bot API server: getMe and sendMessage.
type Telegram struct {
	*web
	recorder
	faults
	token string

	mu       sync.Mutex
	chats    map[string]bool
	upgraded map[string]int64
	refusals map[string]refusal
	last     int64
}

type refusal struct {
	code int
	text string
}

// StartTelegram starts one on a free port.
func StartTelegram(setup TelegramSetup) (*Telegram, error) {
	t := &Telegram{
		recorder: recorder{onAccept: setup.OnAccept},
		token:    setup.Token,
		upgraded: map[string]int64{},
		refusals: map[string]refusal{},
	}
	if setup.Chats != nil {
		t.chats = map[string]bool{}
		for _, address := range setup.Chats {
			chat, _, _ := strings.Cut(address, ":")
			t.chats[chat], t.chats[address] = true, true
		}
	}
	var err error
	t.web, err = startWeb(t)
	return t, err
}

// Upgrade makes a group a supergroup with another id.
func (t *Telegram) Upgrade(group string, to int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.upgraded[group] = to
	if t.chats != nil {
		t.chats[strconv.FormatInt(to, 10)] = true
	}
}

// Refuse makes a chat, or a topic "-1001:12" of it, answer with an error from
// now on, as "403 Forbidden: bot was kicked from the supergroup chat".
func (t *Telegram) Refuse(address string, code int, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refusals[address] = refusal{code, text}
}

func (t *Telegram) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, method, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/bot"), "/")
	if token != t.token {
		refuseTelegram(w, 401, "Unauthorized", nil)
		return
	}
	switch strings.ToLower(method) {
	case "getme":
		writeJSON(w, 200, map[string]any{"ok": true, "result": map[string]any{
			"id": 1, "is_bot": true, "first_name": "Nhắc việc", "username": "nhacviec_bot"}})
	case "sendmessage":
		t.send(w, r)
	default:
		refuseTelegram(w, 404, "Not Found: method not found", nil)
	}
}

func refuseTelegram(w http.ResponseWriter, code int, text string, params map[string]any) {
	body := map[string]any{"ok": false, "error_code": code, "description": text}
	if params != nil {
		body["parameters"] = params
	}
	if after, ok := params["retry_after"]; ok {
		w.Header().Set("Retry-After", fmt.Sprint(after))
	}
	writeJSON(w, code, body)
}

func (t *Telegram) send(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p := callParams(r, body)
	m, no := t.read(p)
	m.Raw = body
	take := func() { m.ID = t.number(); t.take(m) }
	t.begin()
	defer t.end()
	if t.strike(w, r, take, func(f Fault) { refuseTelegram(w, f.Code, f.Text, f.Params) }) {
		return
	}
	if no == nil {
		no = t.admit(w, p["chat_id"], m.Address)
	}
	if no != nil {
		refuseTelegram(w, no.Code, no.Text, no.Params)
		return
	}
	take()
	id, _ := strconv.ParseInt(m.ID, 10, 64)
	chat, _ := strconv.ParseInt(p["chat_id"], 10, 64)
	writeJSON(w, 200, map[string]any{"ok": true, "result": map[string]any{
		"message_id": id, "date": 1, "chat": map[string]any{"id": chat}, "text": m.Text}})
}

func (t *Telegram) number() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	return strconv.FormatInt(t.last, 10)
}

// read makes a message of a call's parameters, or says what is wrong with its
// text, in Telegram's words.
func (t *Telegram) read(p map[string]string) (Message, *Fault) {
	m := Message{Channel: tasks.Telegram, Address: p["chat_id"], Text: p["text"], HTML: p["text"], Silent: p["disable_notification"] == "true"}
	if topic := p["message_thread_id"]; topic != "" {
		m.Address += ":" + topic
	}
	bad := func(text string) (Message, *Fault) { return m, &Fault{Code: 400, Text: "Bad Request: " + text} }
	switch mode := strings.ToLower(p["parse_mode"]); {
	case len(p["text"]) > 32768:
		return bad("text is too long")
	case mode == "html":
		plain, complaint := parseTelegramHTML(p["text"])
		if complaint != "" {
			return bad("can't parse entities: " + complaint)
		}
		m.Text = plain
	case mode != "":
		return bad("unsupported parse_mode")
	}
	if strings.TrimSpace(m.Text) == "" {
		return bad("message text is empty")
	}
	if utf8.RuneCountInString(m.Text) > 4096 {
		return bad("message is too long")
	}
	return m, nil
}

// admit says why a message may not be posted at an address, or nil.
func (t *Telegram) admit(w http.ResponseWriter, chat, address string) *Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	if chat == "" {
		return &Fault{Code: 400, Text: "Bad Request: chat_id is empty"}
	}
	if to, ok := t.upgraded[chat]; ok {
		return &Fault{Code: 400, Text: "Bad Request: group chat was upgraded to a supergroup chat", Params: map[string]any{"migrate_to_chat_id": to}}
	}
	if t.chats != nil && !t.chats[chat] {
		return &Fault{Code: 400, Text: "Bad Request: chat not found"}
	}
	for _, key := range []string{chat, address} {
		if no, ok := t.refusals[key]; ok {
			return &Fault{Code: no.code, Text: no.text}
		}
	}
	if address != chat && (strings.HasSuffix(address, ":1") || t.chats != nil && !t.chats[address]) {
		return &Fault{Code: 400, Text: "Bad Request: message thread not found"}
	}
	return nil
}

// callParams reads parameters as the real servers take them: query, form and
// JSON alike.
func callParams(r *http.Request, body []byte) map[string]string {
	p := map[string]string{}
	for name, values := range r.URL.Query() {
		p[name] = values[0]
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var fields map[string]json.RawMessage
		_ = json.Unmarshal(body, &fields)
		for name, value := range fields {
			var text string
			if json.Unmarshal(value, &text) != nil {
				text = string(value)
			}
			p[name] = text
		}
		return p
	}
	form, _ := url.ParseQuery(string(body))
	for name, values := range form {
		p[name] = values[0]
	}
	return p
}

// TooFast implements FarEnd.
func (t *Telegram) TooFast() time.Duration {
	t.Inject(Fault{Code: 429, Text: "Too Many Requests: retry after 7", Params: map[string]any{"retry_after": 7}})
	return 7 * time.Second
}
