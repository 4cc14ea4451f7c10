//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// chatFault is one wrong answer of a chat service to one message.
type chatFault struct {
	status int    // 0: 200
	body   string // "": nothing
	wait   string // Retry-After
	deed   string // "", notifytest.Reset, Hang or Half: the answer ends in its middle
	take   bool   // the message is accepted all the same
	want   fate
}

func (f chatFault) String() string {
	return fmt.Sprintf("%d %.60q%s", max(f.status, 200), f.body, brief(f.deed))
}

// newGroup is what a Telegram group that has moved is called.
const newGroup = "-1009999999999"

// faultyChat speaks for Telegram, Zalo's bots and Zalo's official accounts, and
// answers the first message to each address as its fault says.
type faultyChat struct {
	*httptest.Server
	accept func(notifytest.Message)
	done   chan struct{}

	mu        sync.Mutex
	faults    map[target]chatFault
	calls     int
	elsewhere int // where a redirect leads to
}

func startFaultyChat(accept func(notifytest.Message)) *faultyChat {
	s := &faultyChat{accept: accept, done: make(chan struct{}), faults: map[target]chatFault{}}
	s.Server = httptest.NewServer(s)
	return s
}

func (s *faultyChat) stop() {
	close(s.done)
	s.CloseClientConnections()
	s.Close()
}

func (s *faultyChat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var m notifytest.Message
	var yes string
	switch {
	case strings.HasSuffix(r.URL.Path, "/elsewhere"):
		s.mu.Lock()
		s.elsewhere++
		s.mu.Unlock()
		return
	case strings.HasSuffix(r.URL.Path, "/getMe"):
		_, _ = io.WriteString(w, `{"ok":true,"result":{"id":"1"}}`)
		return
	case strings.HasPrefix(r.URL.Path, "/bot"+telegramToken+"/"):
		form, err := url.ParseQuery(string(raw))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		m = notifytest.Message{Channel: tasks.Telegram, Address: form.Get("chat_id"), Text: form.Get("text"), Raw: raw}
		yes = `{"ok":true,"result":{"message_id":7}}`
	case strings.HasPrefix(r.URL.Path, "/bot"+zaloToken+"/"):
		m = notifytest.Message{Channel: tasks.ZaloBot, Raw: raw}
		m.Address, m.Text = readCall(raw)
		yes = `{"ok":true,"result":{"message_id":"7","date":1},"error_code":0}`
	default:
		m = notifytest.Message{Channel: tasks.ZaloOA, Raw: raw}
		m.Address, m.Text = readCall(raw)
		yes = `{"error":0,"message":"Success","data":{"message_id":"7"}}`
	}
	s.mu.Lock()
	s.calls++
	m.ID = strconv.Itoa(s.calls)
	to := target{m.Channel, m.Address}
	f, wrong := s.faults[to]
	delete(s.faults, to)
	s.mu.Unlock()
	if !wrong || f.take {
		s.accept(m)
	}
	if !wrong {
		_, _ = io.WriteString(w, yes)
		return
	}
	s.answer(w, r, f)
}

// readCall reads a message in the words of Zalo's two services.
func readCall(raw []byte) (address, text string) {
	var call struct {
		Chat      string `json:"chat_id"`
		Text      string `json:"text"`
		Recipient struct {
			Group string `json:"group_id"`
		} `json:"recipient"`
		Message struct {
			Text string `json:"text"`
		} `json:"message"`
	}
	_ = json.Unmarshal(raw, &call) // what is no call is for nobody, which the judge sees
	return call.Chat + call.Recipient.Group, call.Text + call.Message.Text
}

func (s *faultyChat) answer(w http.ResponseWriter, r *http.Request, f chatFault) {
	if f.wait != "" {
		w.Header().Set("Retry-After", f.wait)
	}
	if f.status/100 == 3 {
		w.Header().Set("Location", s.URL+"/elsewhere")
	}
	switch f.deed {
	case notifytest.Hang:
		select {
		case <-s.done:
		case <-r.Context().Done():
		}
		return
	case notifytest.Half:
		w.Header().Set("Content-Length", strconv.Itoa(len(f.body)+100))
	}
	if f.deed != notifytest.Reset {
		w.WriteHeader(max(f.status, 200))
	}
	switch f.deed {
	case notifytest.Flood:
		for text := strings.Repeat(" ", 1<<16); s.more(w, text); {
		}
	case notifytest.Half, notifytest.Reset:
		if f.deed == notifytest.Half {
			_, _ = io.WriteString(w, f.body)
			_ = http.NewResponseController(w).Flush()
		}
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		}
	default:
		_, _ = io.WriteString(w, f.body)
	}
}

func (s *faultyChat) more(w io.Writer, text string) bool {
	select {
	case <-s.done:
		return false
	default:
		_, err := io.WriteString(w, text)
		return err == nil
	}
}
