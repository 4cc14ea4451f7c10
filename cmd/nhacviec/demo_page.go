package main

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nhacviec/tasks"
)

// demoPage serves the demo to a browser on this machine.
type demoPage struct {
	demo   *demo
	log    *slog.Logger
	host   string // what the Host header must say: the listener's address
	paused atomic.Bool

	mu   sync.Mutex
	read map[string]bool // mails that were opened
}

func newDemoPage(d *demo, host string, log *slog.Logger) *demoPage {
	return &demoPage{demo: d, log: log, host: host, read: map[string]bool{}}
}

// Nothing is loaded from elsewhere, and no other page may frame this one. A
// mail's HTML is foreign: it runs no script and can reach nothing.
const (
	pagePolicy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; frame-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	mailPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

// handler returns the whole of it. A GET changes nothing; a POST is answered
// only for a form of this very page.
func (p *demoPage) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.page)
	mux.HandleFunc("GET /page.css", p.asset("demo/page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /page.js", p.asset("demo/page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /icon.svg", p.asset("demo/icon.svg", "image/svg+xml"))
	mux.HandleFunc("GET /mail/{id}", p.mail)
	mux.HandleFunc("GET /mail/{id}/{part}", p.attachment)
	mux.HandleFunc("POST /clock", p.clock)
	mux.HandleFunc("POST /open", p.open)
	mux.HandleFunc("POST /task", p.task)
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if r.Host != p.host { // a foreign name that was made to mean this machine
			http.Error(w, "this server answers to "+p.host+" only", http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
		guarded.ServeHTTP(w, r)
	})
}

func (p *demoPage) asset(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		data, err := demoFiles.ReadFile(name)
		if err != nil {
			p.fail(w, err)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Write(data) // an error here is the browser's: it hung up
	}
}

func (p *demoPage) fail(w http.ResponseWriter, err error) {
	p.log.Error("the demo's page", "error", err)
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

var demoTemplate = template.Must(template.New("page.html").ParseFS(demoFiles, "demo/page.html"))

func (p *demoPage) page(w http.ResponseWriter, r *http.Request) {
	view, err := p.view(r.URL.Query())
	if err != nil {
		p.fail(w, err)
		return
	}
	var body bytes.Buffer
	if err := demoTemplate.Execute(&body, view); err != nil {
		p.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(body.Bytes())
}

// mail answers with the HTML part of one mail, for the sandboxed frame.
func (p *demoPage) mail(w http.ResponseWriter, r *http.Request) {
	m, ok := p.demo.letter(r.PathValue("id"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Security-Policy", mailPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte(m.Parts[0].HTML))
}

// attachment answers with what is attached to a mail, by its place.
func (p *demoPage) attachment(w http.ResponseWriter, r *http.Request) {
	if m, ok := p.demo.letter(r.PathValue("id")); ok {
		for _, a := range attachments(m.Parts[0].Raw) {
			if a.Place() == r.PathValue("part") {
				w.Header().Set("Content-Security-Policy", mailPolicy)
				w.Header().Set("Content-Type", a.Type)
				w.Header().Set("Content-Disposition", a.disposition())
				w.Write(a.data)
				return
			}
		}
	}
	http.NotFound(w, r)
}

// clock pauses, goes on, or steps; a step pauses.
func (p *demoPage) clock(w http.ResponseWriter, r *http.Request) {
	var err error
	switch do := r.PostFormValue("do"); do {
	case "pause", "play":
		p.paused.Store(do == "pause")
	case "day":
		p.paused.Store(true)
		err = p.demo.advance(r.Context(), p.demo.now().AddDate(0, 0, 1))
	case "next":
		p.paused.Store(true)
		_, err = p.demo.nextMessage(r.Context())
	default:
		http.Error(w, fmt.Sprintf("the clock cannot %q", do), http.StatusBadRequest)
		return
	}
	p.back(w, r, err)
}

// open marks a mail as read and shows it.
func (p *demoPage) open(w http.ResponseWriter, r *http.Request) {
	id := r.PostFormValue("mail")
	if _, ok := p.demo.letter(id); !ok {
		http.NotFound(w, r)
		return
	}
	p.mu.Lock()
	p.read[id] = true
	p.mu.Unlock()
	p.back(w, r, nil)
}

// task marks a task done, or opens it again.
func (p *demoPage) task(w http.ResponseWriter, r *http.Request) {
	action := tasks.Action(r.PostFormValue("do"))
	if action != tasks.ActDone && action != tasks.ActReopen {
		http.Error(w, fmt.Sprintf("no such action here: %q", action), http.StatusBadRequest)
		return
	}
	key := tasks.Key{Plan: r.PostFormValue("plan"), No: tasks.Number(r.PostFormValue("no"))}
	if err := p.demo.act(r.Context(), key, action); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	p.back(w, r, nil)
}

// back sends the browser to the page as the form says it is to look.
func (p *demoPage) back(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		p.fail(w, err)
		return
	}
	http.Redirect(w, r, "/?"+strings.TrimPrefix(r.PostFormValue("back"), "?"), http.StatusSeeOther)
}

// serve moves the clock and answers requests until ended does.
func (p *demoPage) serve(ended context.Context, server *http.Server, run func() error) error {
	ctx, stop := context.WithCancelCause(ended)
	defer stop(nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.demo.play(ctx, func() bool { return p.paused.Load() || p.demo.over() }); err != nil && ctx.Err() == nil {
			stop(err)
		}
	}()
	go func() { stop(run()) }()
	<-ctx.Done()
	asked, cause := ended.Err() != nil, context.Cause(ctx)
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if server.Shutdown(grace) != nil {
		server.Close()
	}
	<-done
	if asked { // by a signal, which the cause names
		return nil
	}
	return cause
}
