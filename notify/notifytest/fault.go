package notifytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Fault is one misbehaviour of a far end that speaks HTTP. It strikes one call
// that sends a message. In order: wait Delay; accept the message if Take; then
// do the first of Hang, Reset, Status and Code that is set. A fault with none
// of them answers as usual.
type Fault struct {
	Delay  time.Duration
	Take   bool           // accept the message in spite of all that follows
	Hang   bool           // never answer
	Reset  bool           // cut the connection
	Status int            // answer with this status and Body, as something between us would
	Body   string         // of that answer
	Short  bool           // cut the connection after Body, as if more of it had been to come
	Wait   string         // Retry-After of that answer
	Code   int            // refuse with this code, in the service's own words
	Text   string         // of that refusal
	Params map[string]any // of that refusal: retry_after, migrate_to_chat_id
}

// BadGateway is the page of a proxy whose far end is gone.
var BadGateway = Fault{Status: http.StatusBadGateway, Body: "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"}

// faults is a queue of them.
type faults struct {
	mu    sync.Mutex
	queue []Fault
}

// Inject queues faults; each strikes one call.
func (f *faults) Inject(more ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = append(f.queue, more...)
}

func (f *faults) next() (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == 0 {
		return Fault{}, false
	}
	fault := f.queue[0]
	f.queue = f.queue[1:]
	return fault, true
}

// strike plays the next fault, if any, to one call. take accepts the message,
// refuse says no in the service's own words. It reports whether the call is
// answered.
func (f *faults) strike(w http.ResponseWriter, r *http.Request, take func(), refuse func(Fault)) bool {
	fault, ok := f.next()
	if !ok {
		return false
	}
	if fault.Delay > 0 {
		select {
		case <-time.After(fault.Delay):
		case <-r.Context().Done():
			return true
		}
	}
	if fault.Take {
		take()
	}
	switch {
	case fault.Hang:
		// The server only notices that a caller went away once the body is read.
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	case fault.Reset:
		cut(w)
	case fault.Status != 0:
		fault.answer(w)
	case fault.Code != 0:
		refuse(fault)
	default:
		return fault.Take
	}
	return true
}

// answer writes Status and Body.
func (f Fault) answer(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	if f.Wait != "" {
		w.Header().Set("Retry-After", f.Wait)
	}
	length := len(f.Body)
	if f.Short {
		length += 100
	}
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body)
	if f.Short {
		_ = http.NewResponseController(w).Flush()
		cut(w)
	}
}

// cut resets the connection of a call.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// web is an HTTP server on a port of this machine.
type web struct {
	server   *http.Server
	listener net.Listener
	stop     context.CancelFunc
}

func startWeb(handler http.Handler) (*web, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	w := &web{
		listener: listener,
		stop:     stop,
		server: &http.Server{
			Handler:     handler,
			ErrorLog:    log.New(io.Discard, "", 0),
			BaseContext: func(net.Listener) context.Context { return ctx },
		},
	}
	go func() { _ = w.server.Serve(listener) }()
	return w, nil
}

// URL is the address of the server, without a slash at its end.
func (w *web) URL() string { return "http://" + w.listener.Addr().String() }

// Close ends the server and cuts what it was doing. Its port then refuses.
func (w *web) Close() error {
	w.stop()
	if err := w.server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("closing %s: %w", w.URL(), err)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// CutAfterAccept implements FarEnd.
func (f *faults) CutAfterAccept() { f.Inject(Fault{Take: true, Reset: true}) }

// HangUp implements FarEnd.
func (f *faults) HangUp() { f.Inject(Fault{Take: true, Hang: true}) }
