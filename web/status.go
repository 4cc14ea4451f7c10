package web

import (
	"net/http"
	"time"

	"nhacviec/tasks"
)

// Version says who answers.
type Version struct {
	Version string `json:"version"`
	Store   string `json:"store"` // path of the store file
}

func (h *Handler) version(*http.Request) (any, error) { return Version{h.Version, h.Store}, nil }

// Status is how the daemon is. Times are in the configured zone; zero: never.
type Status struct {
	Version     string          `json:"version"`
	Now         time.Time       `json:"now"`
	Since       time.Time       `json:"since"`                  // when it started
	NextFire    time.Time       `json:"next_fire,omitzero"`     // of any rule
	Waiting     int             `json:"waiting"`                // deliveries that will be tried
	Failed      int             `json:"failed"`                 // deliveries that will not
	Channels    []ChannelStatus `json:"channels"`               // the configured ones
	Config      string          `json:"config"`                 // hash of the config in force
	ConfigError string          `json:"config_error,omitempty"` // why the last reload was refused
	Today       tasks.Tally     `json:"today"`
	Late        []tasks.Late    `json:"late"`                   // what should have left the house and has not, by channel
	LastPass    time.Time       `json:"last_pass,omitzero"`     // over what is due, that did its work
	PassError   string          `json:"pass_error,omitempty"`   // why the last pass did not
	PassErrorAt time.Time       `json:"pass_error_at,omitzero"` // of PassError
	Backup      BackupStatus    `json:"backup"`
	Gone        *Gone           `json:"gone,omitempty"`        // the store's file is, and nothing is planned or sent
	ClockAhead  int             `json:"clock_ahead,omitempty"` // seconds; not 0: the clock is not believed and nothing is planned
}

// ChannelStatus is how a channel does.
type ChannelStatus struct {
	Channel   tasks.Channel `json:"channel"`
	LastSent  time.Time     `json:"last_sent,omitzero"` // today, or since the daemon started; zero: neither
	LastError string        `json:"last_error,omitempty"`
	ErrorAt   time.Time     `json:"error_at,omitzero"` // of LastError
}

// Gone says that the store's file was removed or replaced under the daemon.
type Gone struct {
	Error       string `json:"error"`
	Rescue      string `json:"rescue,omitempty"`       // path of what is saved
	RescueError string `json:"rescue_error,omitempty"` // why it is not
}

// BackupStatus is how the daily backups do.
type BackupStatus struct {
	Keep    int       `json:"keep"` // how many are kept; 0: none is made
	Dir     string    `json:"dir"`
	Newest  string    `json:"newest,omitempty"` // path
	At      time.Time `json:"at,omitzero"`      // of the newest
	Error   string    `json:"error,omitempty"`  // why the last one failed
	ErrorAt time.Time `json:"error_at,omitzero"`
}

// NoDaemon returns the error of what needs a daemon when none runs.
func NoDaemon(what string) *Error {
	return &Error{Message: what + " needs the daemon, which is not running", Hint: "start it: systemctl start nhacviec, or nhacviec serve",
		Exit: ExitNoDaemon}
}

func (h *Handler) status(*http.Request) (any, error) {
	if h.Daemon == nil {
		return nil, NoDaemon("status")
	}
	s, err := h.Daemon.Status()
	if err != nil {
		return nil, err
	}
	rows, err := h.Outbox.Outbox()
	if err != nil {
		return nil, err
	}
	loc := h.Setting().Location
	today := tasks.DateOf(h.Now().In(loc))
	sent, err := h.Ledger.Sent(today.At(0, 0, loc))
	if err != nil {
		return nil, err
	}
	s.Today = tasks.TallyOf(today, loc, rows, sent)
	for _, d := range rows {
		s.Failed += count(d.State == tasks.Failed)
		s.Waiting += count(d.State != tasks.Failed)
	}
	s.Channels = append([]ChannelStatus{}, s.Channels...)
	for i, c := range s.Channels { // what another process sent today
		for _, d := range sent {
			if d.Channel == c.Channel && d.SentAt.After(s.Channels[i].LastSent) {
				s.Channels[i].LastSent = d.SentAt
			}
		}
	}
	s.Version, s.Now = h.Version, h.Now().Truncate(time.Second)
	times := []*time.Time{&s.Now, &s.Since, &s.NextFire, &s.Backup.At, &s.Backup.ErrorAt, &s.Today.Oldest, &s.LastPass, &s.PassErrorAt}
	s.Late = append([]tasks.Late{}, s.Late...)
	for i := range s.Late {
		times = append(times, &s.Late[i].Since)
	}
	for i := range s.Channels {
		times = append(times, &s.Channels[i].LastSent, &s.Channels[i].ErrorAt)
	}
	for _, t := range times {
		if !t.IsZero() {
			*t = t.In(loc)
		}
	}
	return s, nil
}

// Reloaded is a reload that took place.
type Reloaded struct {
	Warnings []string `json:"warnings"` // of the config now in force
}

func (h *Handler) reload(r *http.Request) (any, error) {
	if _, err := read[struct{}](r); err != nil {
		return nil, err
	}
	if h.Daemon == nil {
		return nil, NoDaemon("reload")
	}
	warnings, err := h.Daemon.Reload(r.Context())
	if err != nil {
		return nil, err
	}
	return Reloaded{append([]string{}, warnings...)}, nil
}
