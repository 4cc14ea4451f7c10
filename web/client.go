package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"nhacviec/tasks"
)

// Client asks a Handler. Its errors are *Error: the handler's own, or that it
// did not answer.
type Client struct{ http http.Client }

// NewClient returns a client over Dial's or InProcess's transport.
func NewClient(to http.RoundTripper) *Client {
	return &Client{http: http.Client{Transport: to}}
}

// Version asks who answers.
func (c *Client) Version(ctx context.Context) (Version, error) {
	return get[Version](ctx, c, "/v1/version", nil)
}

// Plans returns every plan.
func (c *Client) Plans(ctx context.Context) ([]PlanSummary, error) {
	return get[[]PlanSummary](ctx, c, "/v1/plans", nil)
}

// Units returns every unit of the config.
func (c *Client) Units(ctx context.Context) ([]UnitSummary, error) {
	return get[[]UnitSummary](ctx, c, "/v1/units", nil)
}

// Unresolved returns the words of plans that mean no unit, the most frequent
// first.
func (c *Client) Unresolved(ctx context.Context) ([]tasks.Unresolved, error) {
	return get[[]tasks.Unresolved](ctx, c, "/v1/unresolved", nil)
}

// Tasks returns the tasks that a filter chooses, worst first.
func (c *Client) Tasks(ctx context.Context, f TaskFilter) ([]tasks.View, error) {
	q := query("state", f.State, "unit", f.Unit, "kind", f.Kind, "plan", f.Plan, "search", f.Search)
	if f.Review {
		q.Set("review", "1")
	}
	return get[[]tasks.View](ctx, c, "/v1/tasks", q)
}

// Task returns one task; the plan may be missing when the number says enough.
func (c *Client) Task(ctx context.Context, key tasks.Key) (tasks.View, error) {
	return get[tasks.View](ctx, c, "/v1/task", query("plan", key.Plan, "no", string(key.No)))
}

// Act does something to a task and returns it as it is then.
func (c *Client) Act(ctx context.Context, a Act) (tasks.View, error) {
	return post[tasks.View](ctx, c, "/v1/task", a)
}

// Library returns the plans and tasks as they are stored.
func (c *Client) Library(ctx context.Context) (Library, error) {
	return get[Library](ctx, c, "/v1/library", nil)
}

// Export returns a plan with the status of its tasks; "" is the only plan there
// is.
func (c *Client) Export(ctx context.Context, plan string) (Export, error) {
	return get[Export](ctx, c, "/v1/export", query("plan", plan))
}

// Forecast returns the messages of a period to a unit, or to all when unit is
// "". No first day is now, no last day thirty days on.
func (c *Client) Forecast(ctx context.Context, first, last tasks.Date, unit string) ([]tasks.Message, error) {
	return get[[]tasks.Message](ctx, c, "/v1/forecast", query("from", first.String(), "to", last.String(), "unit", unit))
}

// Explain says who is told of a task on a day; no day is today. The answer
// goes into what explanation points to.
func (c *Client) Explain(ctx context.Context, key tasks.Key, on tasks.Date, explanation any) error {
	return c.do(ctx, http.MethodGet, "/v1/explain", query("plan", key.Plan, "no", string(key.No), "on", on.String()), nil, into(explanation))
}

// LedgerQuery chooses entries of the ledger; empty fields choose everything.
type LedgerQuery struct {
	Plan  string
	No    tasks.Number
	Unit  string     // code, name or alias
	Since tasks.Date // the first day
	Until tasks.Date // the last day
}

// Verify walks the ledger's chain.
func (c *Client) Verify(ctx context.Context, kept Kept) (Verified, error) {
	q := url.Values{}
	if kept.Seq > 0 {
		q.Set("head", kept.String())
	}
	return get[Verified](ctx, c, "/v1/verify", q)
}

// Outbox returns what waits or failed, oldest first.
func (c *Client) Outbox(ctx context.Context) ([]Waiting, error) {
	return get[[]Waiting](ctx, c, "/v1/outbox", nil)
}

// Resend sends a delivery once more, and returns the new one.
func (c *Client) Resend(ctx context.Context, r Resend) (tasks.Delivery, error) {
	return post[tasks.Delivery](ctx, c, "/v1/resend", r)
}

// ResendFailed sends once more what failed and nothing has followed yet.
func (c *Client) ResendFailed(ctx context.Context, r ResendFailed) ([]Resent, error) {
	return post[[]Resent](ctx, c, "/v1/resend-failed", r)
}

// SendTest sends one real message.
func (c *Client) SendTest(ctx context.Context, t SendTest) (Tested, error) {
	return post[Tested](ctx, c, "/v1/send-test", t)
}

// Status asks the daemon how it is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return get[Status](ctx, c, "/v1/status", nil)
}

// Reload has the daemon read its config again.
func (c *Client) Reload(ctx context.Context) (Reloaded, error) {
	return post[Reloaded](ctx, c, "/v1/reload", struct{}{})
}

// query makes a query of names and values, without those that are empty.
func query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

func get[T any](ctx context.Context, c *Client, path string, q url.Values) (answer T, err error) {
	err = c.do(ctx, http.MethodGet, path, q, nil, into(&answer))
	return answer, err
}

func post[T any](ctx context.Context, c *Client, path string, body any) (answer T, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return answer, fmt.Errorf("put the request into JSON: %w", err)
	}
	err = c.do(ctx, http.MethodPost, path, nil, bytes.NewReader(text), into(&answer))
	return answer, err
}

func into(answer any) func(io.Reader) error {
	return func(body io.Reader) error { return json.NewDecoder(body).Decode(answer) }
}

// do makes one request and has its answer consumed.
func (c *Client) do(ctx context.Context, method, path string, q url.Values, body io.Reader, consume func(io.Reader) error) error {
	target := url.URL{Scheme: "http", Host: "nhacviec", Path: path, RawQuery: q.Encode()}
	r, err := http.NewRequestWithContext(ctx, method, target.String(), body)
	if err != nil {
		return err
	}
	if body != nil {
		r.Header.Set("Content-Type", contentType)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return c.noAnswer(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return readError(answer)
	}
	err = consume(answer.Body)
	io.Copy(io.Discard, answer.Body) // to the trailer; a broken body has none
	if text := answer.Trailer.Get(errorTrailer); text != "" {
		var e Error
		if json.Unmarshal([]byte(text), &e) == nil {
			return &e
		}
	}
	var wire *Error
	if err == nil || errors.As(err, &wire) {
		return err
	}
	return c.noAnswer(err)
}

// noAnswer says that the other side did not answer, or not to the end.
func (c *Client) noAnswer(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return Failure("no answer: "+err.Error(), "look at the daemon: systemctl status nhacviec")
}

// readError returns the error that a handler answered with.
func readError(answer *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxRequest))
	var e Error
	if err != nil || json.Unmarshal(text, &e) != nil || e.Message == "" {
		return Failure(fmt.Sprintf("the daemon answered %s: %s", answer.Status, bytes.TrimSpace(text)), "is it nhacviec that listens there? look at it: systemctl status nhacviec")
	}
	e.Exit = cmp.Or(e.Exit, ExitFailed)
	return &e
}
