package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"nhacviec/tasks"
)

// Life is all that is known of a delivery.
type Life struct {
	Delivery tasks.Delivery `json:"delivery"` // as it is now, or as it ended
	Entries  []tasks.Entry  `json:"entries"`  // of the ledger, oldest first: its own, and those that sent it again
	Texts    []Text         `json:"texts"`    // what was handed to the channel, oldest first
}

// Text is one text that was sent, or may have been.
type Text struct {
	SHA256  string `json:"sha256"`
	Text    string `json:"text"`              // a chat message's parts are joined by line breaks; of a mail it is the plain text
	Missing string `json:"missing,omitempty"` // why there is none
}

// life returns what became of a delivery.
func (h *Handler) life(r *http.Request) (any, error) {
	id := r.URL.Query().Get("id")
	if id == "" {
		return nil, Usage("say which delivery", "nhacviec ledger --json lists them with their ids")
	}
	d, err := h.Ledger.Delivery(id)
	if err != nil {
		return nil, err
	}
	loc := h.Setting().Location
	out := Life{Delivery: inZone(d, loc), Entries: []tasks.Entry{}, Texts: []Text{}}
	var sums []string
	note := func(d tasks.Delivery) {
		if d.ID == id && d.SHA256 != "" && !slices.Contains(sums, d.SHA256) {
			sums = append(sums, d.SHA256)
		}
	}
	err = h.Ledger.Ledger(tasks.LedgerQuery{ID: id}, func(e tasks.Entry) error {
		if e.Delivery != nil {
			note(*e.Delivery)
		}
		out.Entries = append(out.Entries, entryInZone(e, loc))
		return nil
	})
	if err != nil {
		return nil, err
	}
	note(d)
	for _, sum := range sums {
		t := Text{SHA256: sum}
		if t.Text, err = h.Ledger.Text(sum); err != nil {
			t.Missing = h.asError(err).Message
		}
		out.Texts = append(out.Texts, t)
	}
	return out, nil
}

func entryInZone(e tasks.Entry, loc *time.Location) tasks.Entry {
	e.Time = e.Time.In(loc)
	if e.Delivery != nil {
		d := inZone(*e.Delivery, loc)
		e.Delivery = &d
	}
	return e
}

// Life returns all that is known of a delivery.
func (c *Client) Life(ctx context.Context, id string) (Life, error) {
	return get[Life](ctx, c, "/v1/delivery", query("id", id))
}

// Ledger calls fn with the entries chosen, oldest first, and returns the first
// error.
func (c *Client) Ledger(ctx context.Context, q LedgerQuery, fn func(tasks.Entry) error) error {
	parameters := query("plan", q.Plan, "no", string(q.No), "unit", q.Unit, "since", q.Since.String(), "until", q.Until.String())
	return c.do(ctx, http.MethodGet, "/v1/ledger", parameters, nil, func(body io.Reader) error {
		d := json.NewDecoder(body)
		if _, err := d.Token(); err != nil { // [
			return err
		}
		for d.More() {
			var e tasks.Entry
			if err := d.Decode(&e); err != nil {
				return err
			}
			if err := fn(e); err != nil {
				return err
			}
		}
		_, err := d.Token() // ]
		return err
	})
}

// ledgerColumns are the columns of the ledger as CSV; the names never change.
var ledgerColumns = []string{"seq", "time", "what", "state", "id", "plan", "tasks", "unit", "channel", "address", "for", "steps", "rules", "config",
	"attempts", "sent_at", "reply", "error", "sha256", "by", "old", "new", "note", "prev"}

// LedgerCSV writes entries for a spreadsheet program, as Export.WriteCSV does.
type LedgerCSV struct{ out *csv.Writer }

// NewLedgerCSV writes the head.
func NewLedgerCSV(w io.Writer) (LedgerCSV, error) {
	_, err := io.WriteString(w, "\ufeff")
	l := LedgerCSV{csv.NewWriter(w)}
	l.out.Comma, l.out.UseCRLF = ';', true
	return l, errors.Join(err, l.out.Write(ledgerColumns))
}

// Add writes one entry.
func (l LedgerCSV) Add(e tasks.Entry) error {
	cell := map[string]string{"seq": strconv.FormatUint(e.Seq, 10), "time": e.Time.Format(time.RFC3339), "prev": e.Prev}
	if c := e.Change; c != nil {
		cell["what"], cell["plan"], cell["tasks"] = c.Action, c.Plan, string(c.No)
		cell["by"], cell["old"], cell["new"], cell["note"] = c.By, c.Old, c.New, c.Note
	}
	if d := e.Delivery; d != nil {
		cell["what"], cell["state"], cell["id"] = string(d.Kind), string(d.State), d.ID
		cell["unit"], cell["channel"], cell["address"] = d.Unit, string(d.Channel), d.Address
		cell["for"], cell["config"], cell["attempts"] = d.At.Format(time.RFC3339), d.Config, strconv.Itoa(d.Attempts)
		cell["reply"], cell["error"], cell["sha256"] = d.Reply, d.Error, d.SHA256
		cell["old"], cell["new"] = d.For, strings.Join(d.Instead, " ")
		if !d.SentAt.IsZero() {
			cell["sent_at"] = d.SentAt.Format(time.RFC3339)
		}
		cell["plan"], cell["tasks"], cell["steps"], cell["rules"] = stepCells(d.Message)
	}
	row := make([]string, len(ledgerColumns))
	for i, name := range ledgerColumns {
		row[i] = harmless(cell[name])
	}
	return l.out.Write(row)
}

// Flush ends the writing.
func (l LedgerCSV) Flush() error {
	l.out.Flush()
	return l.out.Error()
}

// stepCells returns the plans, tasks, steps and rules of a message; tasks and
// steps stand in the same order, the others once each.
func stepCells(m tasks.Message) (plans, nos, steps, rules string) {
	var p, n, s, r []string
	once := func(list []string, word string) []string {
		if word == "" || slices.Contains(list, word) {
			return list
		}
		return append(list, word)
	}
	for _, step := range m.Steps {
		p, n, s, r = once(p, step.Plan), append(n, string(step.No)), append(s, step.Name), once(r, step.Rule)
	}
	for _, item := range m.Review {
		p, n, s = once(p, item.Plan), append(n, string(item.No)), append(s, item.Reason)
	}
	join := func(list []string) string { return strings.Join(list, ", ") }
	return join(p), join(n), join(s), join(r)
}
