package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"nhacviec/tasks"
)

const (
	forecastDays = 30 // a forecast without an end
	maxForecast  = 5 * 366 * 24 * time.Hour
)

func (h *Handler) forecast(r *http.Request) (any, error) {
	first, err := date(r, "from")
	if err != nil {
		return nil, err
	}
	last, err := date(r, "to")
	if err != nil {
		return nil, err
	}
	setting := h.Setting()
	var told []string
	if words := r.URL.Query().Get("unit"); words != "" {
		code, err := knownUnit(setting.Units, words)
		if err != nil {
			return nil, err
		}
		told = append(told, code)
		for _, u := range setting.Units.Audience(code) {
			told = append(told, u.Code)
		}
	}
	now := h.Now().In(setting.Location)
	from := now
	if first != 0 {
		from = first.At(0, 0, setting.Location)
	}
	to := from.AddDate(0, 0, forecastDays)
	if last != 0 {
		to = (last + 1).At(0, 0, setting.Location).Add(-time.Nanosecond)
	}
	switch {
	case to.Before(from):
		return nil, Usage(fmt.Sprintf("the period ends on %s, before it begins on %s", to.Format("02/01/2006"), from.Format("02/01/2006")), "--from is the earlier day, and now when it is not given")
	case to.Sub(from) > maxForecast || to.Sub(now) > maxForecast:
		return nil, Usage("a forecast reaches five years ahead at most", "give an earlier day: --to DD/MM/YYYY")
	}
	messages, err := h.Planner.Forecast(from, to)
	if err != nil {
		return nil, err
	}
	out := []tasks.Message{}
	for _, m := range messages {
		if told == nil || slices.Contains(told, m.Unit) {
			out = append(out, m.Public())
		}
	}
	return out, nil
}

func (h *Handler) explain(r *http.Request) (any, error) {
	on, err := date(r, "on")
	if err != nil {
		return nil, err
	}
	if on == 0 {
		on = h.today()
	}
	t, err := h.find(tasks.Key{Plan: r.URL.Query().Get("plan"), No: tasks.Number(r.URL.Query().Get("no"))})
	if err != nil {
		return nil, err
	}
	return h.Planner.Explain(t.Key, on)
}

func (h *Handler) ledger(r *http.Request, emit func(any) error) error {
	q := r.URL.Query()
	since, err := date(r, "since")
	if err != nil {
		return err
	}
	until, err := date(r, "until")
	if err != nil {
		return err
	}
	if since != 0 && until != 0 && until < since {
		return Usage(fmt.Sprintf("the period ends on %s, before it begins on %s", until.Day(), since.Day()), "--since is the earlier day, --until the later")
	}
	if err := h.knownPlan(q.Get("plan")); err != nil {
		return err
	}
	setting := h.Setting()
	query := tasks.LedgerQuery{Plan: q.Get("plan"), No: tasks.Number(q.Get("no"))}
	if since != 0 {
		query.Since = since.At(0, 0, setting.Location)
	}
	if until != 0 {
		query.Until = (until + 1).At(0, 0, setting.Location)
	}
	if query.No != "" {
		if err := h.taskOnRecord(query); err != nil {
			return err
		}
	}
	if words := q.Get("unit"); words != "" {
		if query.Unit, err = h.unitOnRecord(setting.Units, words); err != nil {
			return err
		}
	}
	return h.Ledger.Ledger(query, func(e tasks.Entry) error {
		return emit(entryInZone(e, setting.Location))
	})
}

// taskOnRecord refuses a task that is neither stored nor in the ledger.
func (h *Handler) taskOnRecord(q tasks.LedgerQuery) error {
	all, err := h.Plans.Tasks(q.Plan)
	if err != nil || slices.ContainsFunc(all, func(t tasks.Task) bool { return t.No == q.No }) {
		return err
	}
	onRecord := errors.New("on record")
	err = h.Ledger.Ledger(tasks.LedgerQuery{Plan: q.Plan, No: q.No}, func(tasks.Entry) error { return onRecord })
	switch {
	case errors.Is(err, onRecord):
		return nil
	case err != nil:
		return err
	}
	return noTask(q.No)
}

// unitOnRecord returns the code of a unit of the config, or of one that the
// config has no more but the ledger knows.
func (h *Handler) unitOnRecord(d *tasks.Directory, words string) (string, error) {
	code, unknown := knownUnit(d, words)
	if unknown == nil {
		return code, nil
	}
	onRecord := errors.New("on record")
	err := h.Ledger.Ledger(tasks.LedgerQuery{Unit: words}, func(tasks.Entry) error { return onRecord })
	switch {
	case errors.Is(err, onRecord):
		return words, nil
	case err != nil:
		return "", err
	}
	return "", unknown
}

// inZone returns a delivery as it is printed: its times in the configured
// zone, without the text of its parts.
func inZone(d tasks.Delivery, loc *time.Location) tasks.Delivery {
	for _, t := range []*time.Time{&d.At, &d.Created, &d.NextAttempt, &d.Made, &d.SentAt} {
		if !t.IsZero() {
			*t = t.In(loc)
		}
	}
	d.Parts = nil
	return d
}

// Verified is what walking the ledger's chain of hashes found.
type Verified struct {
	Entries uint64 `json:"entries"` // proven, from the first
	Intact  bool   `json:"intact"`
	Head    string `json:"head,omitempty"`   // the last entry's number and hash, as in Kept
	Broken  string `json:"broken,omitempty"` // what is wrong with the first entry that is not proven
	Hint    string `json:"hint,omitempty"`
}

// Kept is an entry that somebody kept the hash of: "812:9f2c…". A ledger that was
// rewritten as a whole is in order, but has another there.
type Kept struct {
	Seq  uint64
	Hash string // SHA-256, in hex
}

func (k Kept) String() string { return fmt.Sprintf("%d:%s", k.Seq, k.Hash) }

// ParseKept reads what String writes; nothing is no entry.
func ParseKept(text string) (k Kept, err error) {
	if text == "" {
		return k, nil
	}
	number, sum, _ := strings.Cut(strings.TrimSpace(text), ":")
	seq, err := strconv.ParseUint(number, 10, 64)
	if raw, wrong := hex.DecodeString(sum); err != nil || wrong != nil || seq == 0 || len(raw) != sha256.Size {
		return k, Usage(fmt.Sprintf("%q is not the number of an entry and its hash", text), "nhacviec verify prints them, as 812:9f2c…")
	}
	return Kept{seq, strings.ToLower(sum)}, nil
}

// Prove adds to what was proven the last entry's hash, and holds the kept one
// against the ledger's.
func (v Verified) Prove(kept Kept, hash func(seq uint64) (string, error)) (Verified, error) {
	if !v.Intact || v.Entries == 0 && kept.Seq == 0 {
		return v, nil
	}
	if v.Entries > 0 {
		sum, err := hash(v.Entries)
		if err != nil {
			return v, err
		}
		v.Head = Kept{v.Entries, sum}.String()
	}
	if kept.Seq == 0 {
		return v, nil
	}
	sum, err := hash(kept.Seq)
	if err == nil && sum != kept.Hash {
		v.Intact = false
		v.Broken = fmt.Sprintf("entry %d is not the one whose hash was kept: the ledger was rewritten, or is another one", kept.Seq)
		if sum == "" {
			v.Broken = fmt.Sprintf("entry %d, whose hash was kept, is missing: the end of the ledger was cut off, or this is another or an older one", kept.Seq)
		}
		v.Hint = "compare it with a backup"
	}
	return v, err
}

func (h *Handler) verify(r *http.Request) (any, error) {
	kept, err := ParseKept(r.URL.Query().Get("head"))
	if err != nil {
		return nil, err
	}
	n, err := h.Ledger.Verify()
	if err == nil {
		return Verified{Entries: n, Intact: true}.Prove(kept, h.Ledger.Hash)
	}
	e := h.asError(err)
	return Verified{Entries: n, Broken: e.Message, Hint: e.Hint}, nil
}

// Waiting is a delivery that waits or failed.
type Waiting struct {
	tasks.Delivery
	Why string `json:"why"` // it has not left the house
}

func (h *Handler) outbox(*http.Request) (any, error) {
	rows, err := h.Outbox.Outbox()
	if err != nil {
		return nil, err
	}
	held := ""
	if h.Daemon != nil {
		s, err := h.Daemon.Status()
		if err != nil {
			return nil, err
		}
		switch {
		case s.Gone != nil:
			held = "the store's file is gone: see nhacviec status"
		case s.ClockAhead > 0:
			held = "the clock is not believed: see nhacviec status"
		}
	}
	setting := h.Setting()
	out := make([]Waiting, len(rows))
	for i, d := range rows {
		out[i] = Waiting{inZone(d, setting.Location), h.why(d, setting, held)}
	}
	return out, nil
}

// why returns why a delivery has not left the house.
func (h *Handler) why(d tasks.Delivery, s Setting, held string) string {
	switch {
	case d.State == tasks.Failed && len(d.Instead) > 0:
		return d.Error + "; it went on as " + strings.Join(d.Instead, ", ")
	case d.State == tasks.Failed:
		return d.Error
	case !slices.Contains(s.Channels, d.Channel):
		return notConfigured(d.Channel)
	case h.Daemon == nil:
		return "no daemon runs; " + cmp.Or(d.Error, "not tried yet")
	case held != "" && d.Kind != tasks.FailureNotice:
		return held
	case d.State == tasks.Sending:
		return "it is being sent"
	}
	return cmp.Or(d.Error, "it has not had its turn yet")
}

func notConfigured(ch tasks.Channel) string {
	return fmt.Sprintf("the config has no table [%s], so nothing is sent through it", ch)
}

// SendTest asks for one real message.
type SendTest struct {
	Channel tasks.Channel `json:"channel"`
	Address string        `json:"address"`
}

// Tested is a test message that was delivered.
type Tested struct {
	Channel tasks.Channel `json:"channel"`
	Address string        `json:"address"`
	Reply   string        `json:"reply"` // the server's reply or message id
}

func (h *Handler) sendTest(r *http.Request) (any, error) {
	in, err := read[SendTest](r)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(tasks.Channels, in.Channel) {
		return nil, oneOf("channel", string(in.Channel), channelNames())
	}
	if strings.TrimSpace(in.Address) == "" {
		return nil, Usage("say where to send the message", "nhacviec send-test CHANNEL ADDRESS")
	}
	receipt, err := h.Tester.SendTest(r.Context(), in.Channel, in.Address)
	if err != nil {
		return nil, err
	}
	return Tested{in.Channel, in.Address, receipt.Reply}, nil
}

func channelNames() []string {
	names := make([]string, len(tasks.Channels))
	for i, ch := range tasks.Channels {
		names[i] = string(ch)
	}
	return names
}
