package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"nhacviec/tasks"
)

// Plans is where plans and tasks are kept.
type Plans interface {
	Plans() ([]tasks.Plan, error)
	Tasks(plan string) ([]tasks.Task, error) // "": of every plan
	Change(key tasks.Key, c tasks.Change, now time.Time, fn func(*tasks.Task) error) (tasks.Task, error)
	Import(p tasks.Plan, now time.Time, by, note string, merge func(stored tasks.Stored, keep func(tasks.Compared) error) error) error
}

// Ledger is the record of what was sent and changed.
type Ledger interface {
	Ledger(q tasks.LedgerQuery, fn func(tasks.Entry) error) error
	Verify() (proven uint64, err error)
	Hash(seq uint64) (string, error)
	Sent(from time.Time) ([]tasks.Delivery, error)
	Delivery(id string) (tasks.Delivery, error) // what waits, too
	Text(sum string) (string, error)            // what was sent, by its SHA-256 in hex
}

// Outbox is what waits to be sent or has failed.
type Outbox interface {
	Outbox() ([]tasks.Delivery, error)
	// Resendable returns which delivery Resend sends again, or why it refuses.
	Resendable(id string) (tasks.Delivery, error)
	Resend(id, by string, now time.Time) (tasks.Delivery, error)
	// ResendFailed returns the new deliveries by the ids of the failed ones.
	ResendFailed(ids []string, by string, now time.Time) (map[string]tasks.Delivery, error)
}

// Planner says what will be sent.
type Planner interface {
	// Forecast returns every message of [from, to] if nothing changes.
	Forecast(from, to time.Time) ([]tasks.Message, error)
	// Explain says who is told of a task on a day and why; the answer is JSON-able.
	Explain(key tasks.Key, on tasks.Date) (any, error)
	// Stale says why nothing that a delivery says holds any more; "": something does.
	Stale(d tasks.Delivery) (why string, err error)
}

// Tester sends one real message.
type Tester interface {
	SendTest(ctx context.Context, ch tasks.Channel, address string) (tasks.Receipt, error)
}

// Daemon is the running service.
type Daemon interface {
	// Status fills what the daemon alone knows: all but Version, Now, Waiting,
	// Failed and Today.
	Status() (Status, error)
	// Reload puts the config file in force, all or nothing, and returns its
	// warnings.
	Reload(ctx context.Context) (warnings []string, err error)
}

// Setting is what the handler needs of the config in force.
type Setting struct {
	Units    *tasks.Directory
	Location *time.Location
	Soon     int // the largest lead time, in days
	Channels []tasks.Channel
}

// Handler answers the control API.
type Handler struct {
	Plans   Plans
	Ledger  Ledger
	Outbox  Outbox
	Planner Planner
	Tester  Tester
	Copier  Copier
	Daemon  Daemon // nil: there is none; what needs one exits with 69

	Setting func() Setting // the config in force
	Now     func() time.Time
	Version string
	Store   string // path of the store file: which daemon this is

	// Explain puts an error of the parts above into words; nil: not known to it.
	Explain func(error) *Error
}

const (
	contentType  = "application/json; charset=utf-8"
	errorTrailer = "Nhacviec-Error"

	maxRequest = 64 << 10 // bytes
	maxImport  = 1 << 30  // a million tasks; who may use the socket may read the store too
)

// route is what a path does by one method.
type route struct {
	answer  func(*Handler, *http.Request) (any, error)
	stream  func(h *Handler, r *http.Request, emit func(any) error) error // instead of answer: an array, value by value
	raw     func(*Handler, http.ResponseWriter, *http.Request) error      // instead of answer: bytes; an error comes before the first
	query   []string                                                      // the parameters it takes
	maxBody int64
	slow    bool // it may take longer than the server's limits
}

// routes holds every path and method. A POST changes something or sends; a GET
// does neither.
var routes = map[string]map[string]route{
	"/v1/version":       {http.MethodGet: {answer: (*Handler).version}},
	"/v1/plans":         {http.MethodGet: {answer: (*Handler).plans}},
	"/v1/units":         {http.MethodGet: {answer: (*Handler).units}},
	"/v1/unresolved":    {http.MethodGet: {answer: (*Handler).unresolved}},
	"/v1/tasks":         {http.MethodGet: {answer: (*Handler).tasks, query: []string{"state", "unit", "kind", "plan", "search", "review"}}},
	"/v1/library":       {http.MethodGet: {answer: (*Handler).library}},
	"/v1/export":        {http.MethodGet: {answer: (*Handler).export, query: []string{"plan"}}},
	"/v1/forecast":      {http.MethodGet: {answer: (*Handler).forecast, query: []string{"from", "to", "unit"}}},
	"/v1/explain":       {http.MethodGet: {answer: (*Handler).explain, query: []string{"plan", "no", "on"}}},
	"/v1/ledger":        {http.MethodGet: {stream: (*Handler).ledger, query: []string{"plan", "no", "unit", "since", "until"}}},
	"/v1/delivery":      {http.MethodGet: {answer: (*Handler).life, query: []string{"id"}}},
	"/v1/verify":        {http.MethodGet: {answer: (*Handler).verify, query: []string{"head"}}},
	"/v1/outbox":        {http.MethodGet: {answer: (*Handler).outbox}},
	"/v1/status":        {http.MethodGet: {answer: (*Handler).status}},
	"/v1/backup":        {http.MethodGet: {raw: (*Handler).backup}},
	"/v1/import":        {http.MethodPost: {stream: (*Handler).importPlan, maxBody: maxImport, slow: true}},
	"/v1/resend":        {http.MethodPost: {answer: (*Handler).resend, maxBody: maxRequest}},
	"/v1/resend-failed": {http.MethodPost: {answer: (*Handler).resendFailed, maxBody: maxRequest, slow: true}},
	"/v1/send-test":     {http.MethodPost: {answer: (*Handler).sendTest, maxBody: maxRequest}},
	"/v1/reload":        {http.MethodPost: {answer: (*Handler).reload, maxBody: maxRequest}},
	"/v1/task": {
		http.MethodGet:  {answer: (*Handler).task, query: []string{"plan", "no"}},
		http.MethodPost: {answer: (*Handler).act, maxBody: maxRequest},
	},
}

// otherVersion is the hint for what no command of this version asks.
const otherVersion = "is the daemon of another version than this command? compare: nhacviec version, nhacviec status"

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	methods, known := routes[r.URL.Path]
	if !known {
		h.writeError(w, &Error{Message: fmt.Sprintf("no such path: %q", r.URL.Path), Exit: ExitFailed,
			Hint: otherVersion, Status: http.StatusNotFound})
		return
	}
	to, known := methods[r.Method]
	if !known {
		allowed := slices.Sorted(maps.Keys(methods))
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		h.writeError(w, &Error{Message: fmt.Sprintf("%s takes %s, not %s", r.URL.Path, strings.Join(allowed, " or "), r.Method),
			Hint: otherVersion, Exit: ExitFailed, Status: http.StatusMethodNotAllowed})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, to.maxBody)
	if err := checkRequest(r, to); err != nil {
		h.writeError(w, err)
		return
	}
	if to.slow {
		c := http.NewResponseController(w) // the one in process has no limits
		c.SetReadDeadline(time.Time{})
		c.SetWriteDeadline(time.Time{})
	}
	if to.stream != nil {
		h.writeStream(w, r, to)
		return
	}
	if to.raw != nil {
		if err := to.raw(h, w, r); err != nil {
			h.writeError(w, err)
		}
		return
	}
	answer, err := to.answer(h, r)
	if err != nil {
		h.writeError(w, err)
		return
	}
	body, err := json.Marshal(answer)
	if err != nil {
		h.writeError(w, fmt.Errorf("put the answer into JSON: %w", err))
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Write(append(body, '\n')) // an error here is the client's: it hung up
}

// checkRequest refuses what the route does not take.
func checkRequest(r *http.Request, to route) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Usage("the query is malformed", otherVersion)
	}
	for name, values := range query {
		if !slices.Contains(to.query, name) {
			return Usage(fmt.Sprintf("unknown parameter %q", name), otherVersion)
		}
		if len(values) > 1 {
			return Usage(fmt.Sprintf("parameter %q is given %d times", name, len(values)), "give it once")
		}
	}
	if r.Method == http.MethodPost {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return &Error{Message: "the request is not application/json", Hint: otherVersion, Exit: ExitFailed, Status: http.StatusUnsupportedMediaType}
		}
	}
	return nil
}

// writeStream answers with an array that may be long. An error after its
// beginning travels as a trailer.
func (h *Handler) writeStream(w http.ResponseWriter, r *http.Request, to route) {
	out := &lazyArray{w: w}
	err := to.stream(h, r, out.add)
	switch {
	case err != nil && !out.begun:
		h.writeError(w, err)
	case err != nil:
		if text, err := json.Marshal(h.asError(err)); err == nil {
			w.Header().Set(http.TrailerPrefix+errorTrailer, string(text))
		}
	default:
		out.end()
	}
}

// lazyArray writes a JSON array. It begins with the first value, so that an
// error before it can still have a status of its own.
type lazyArray struct {
	w     http.ResponseWriter
	begun bool
}

func (a *lazyArray) add(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	before := ",\n"
	if !a.begun {
		a.begun, before = true, "["
		a.w.Header().Set("Content-Type", contentType)
	}
	_, err = a.w.Write(append([]byte(before), text...))
	return err
}

func (a *lazyArray) end() {
	if !a.begun {
		a.w.Header().Set("Content-Type", contentType)
		io.WriteString(a.w, "[")
	}
	io.WriteString(a.w, "]\n")
}

// read decodes the body of a request: one JSON object with known fields.
func read[T any](r *http.Request) (T, error) {
	var body T
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(&body)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return body, nil
		} else if err == nil {
			err = errors.New("something follows the object")
		}
	}
	return body, malformed(err)
}

// malformed is about a body that could not be decoded.
func malformed(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return Usage("the request is not what is expected here: "+err.Error(), otherVersion)
}

// today returns the date in the configured zone.
func (h *Handler) today() tasks.Date {
	return tasks.DateOf(h.Now().In(h.Setting().Location))
}

// date reads a date of a query; missing: no date.
func date(r *http.Request, name string) (tasks.Date, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	d, err := tasks.ParseDate(text)
	if err != nil {
		return 0, Usage(name+": "+err.Error(), "a date is written 2023-06-30")
	}
	return d, nil
}
