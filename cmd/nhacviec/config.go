package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"time"
	_ "time/tzdata" // the zones, on machines that have none

	"nhacviec/notify"
	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/planfile"
)

// Config is a config file, checked and ready for use.
type Config struct {
	Location *time.Location
	DataDir  string // absolute
	Socket   string // absolute

	Office tasks.Office
	Units  *tasks.Directory // in the order of the file
	Setup  scheduler.Setup  // rules in the order of the file, the office's own last

	// The channels; nil: not configured.
	Email          *notify.EmailConfig
	EmailPerMinute int // mails a minute; 0: no email
	Telegram       *notify.TelegramConfig
	ZaloBot        *notify.ZaloBotConfig
	ZaloOA         *notify.ZaloOAConfig

	Import planfile.Limits
	Backup BackupConfig
	Watch  notify.Secret // the URL that is called while all is well; empty: none

	// Hash is the SHA-256, in hex, of the file without byte order mark and
	// carriage returns. It covers no secret, since the file holds none.
	Hash string

	// Warnings are what a config may say but hardly means, by line; WarningsOn
	// has those that depend on the day.
	Warnings []Problem

	problem func(key, reason string, got ...string) Problem // at the key's line
}

// What holds when the config does not say.
const (
	defaultTimezone = "Asia/Ho_Chi_Minh"
	defaultDataDir  = "/var/lib/nhacviec"
	defaultSocket   = "/run/nhacviec/control.sock"
)

// LoadConfig reads a config file and the secrets it names. The error is a
// *ConfigError with everything that is wrong.
func LoadConfig(path string) (*Config, error) {
	c := checker{name: path, refused: map[string]bool{}}
	file, problem := readTOML(path)
	if problem != nil {
		problem.File = path
		return nil, &ConfigError{Problems: []Problem{*problem}}
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, &ConfigError{Problems: []Problem{{File: path, Reason: "cannot tell its directory: " + cause(err)}}}
	}
	c.file, c.dir = file, dir

	var t configTables
	c.fill(reflect.ValueOf(&t).Elem(), file.values, "")
	config := c.build(t)
	if len(c.problems) > 0 {
		slices.SortStableFunc(c.problems, byLine)
		return nil, &ConfigError{Problems: c.problems}
	}
	slices.SortStableFunc(c.warnings, byLine)
	config.Warnings = c.warnings
	return config, nil
}

// build makes a Config of what the file says. It goes on after a problem, so
// that all of them are found; the result counts only if there was none.
func (c *checker) build(t configTables) *Config {
	hash := sha256.Sum256(c.file.text)
	config := &Config{
		Location:       c.zone(t.Timezone),
		DataDir:        c.within(t.DataDir, defaultDataDir),
		Socket:         c.socket(t.Socket),
		Hash:           hex.EncodeToString(hash[:]),
		Email:          c.email(t.Email),
		EmailPerMinute: c.perMinute(t.Email),
		Telegram:       c.telegram(t.Telegram),
		ZaloBot:        c.zaloBot(t.ZaloBot),
		ZaloOA:         c.zaloOA(t.ZaloOA),
		Watch:          c.watch(t.Watch),
		Import:         c.importLimits(t.Import),
		problem:        c.problem,
	}
	config.Backup = c.backup(t.Backup, config.DataDir)
	channels := configured(t)
	config.Units = c.units(t.Units)
	config.Office = c.office(t.Office, t.Units)
	rules := c.rules(t.Rules, t.Units, channels)
	rules = append(rules,
		c.notice("review", t.Office.Review, "30 7 * * MON-FRI", tasks.ReviewNotice, channels),
		c.notice("report", t.Office.Report, "30 16 * * FRI", tasks.WeeklyReport, channels))
	config.Setup = scheduler.Setup{
		Rules:    rules,
		Units:    config.Units,
		Calendar: c.calendar(t.Calendar, config.Location),
		Office:   config.Office,
		Channels: channels,
		Hash:     config.Hash,
	}
	config.Units.Reach(config.Setup.Reaches)
	if len(c.problems) == 0 {
		c.warnOfSilence(t, config)
		c.warnOfUnits(config)
	}
	return config
}

func (c *checker) zone(name string) *time.Location {
	if !c.given("timezone") {
		name = defaultTimezone
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		c.refuse("timezone", `is not a time zone of the IANA database, such as "Asia/Ho_Chi_Minh"`, name)
		return time.UTC
	}
	return loc
}

// within makes a path of the file absolute.
func (c *checker) within(path, otherwise string) string {
	if path == "" {
		path = otherwise
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.dir, path)
	}
	return filepath.Clean(path)
}

// maxSocketPath is what the kernel takes for a Unix socket's path, less the
// zero byte at its end.
const maxSocketPath = 107

func (c *checker) socket(path string) string {
	path = c.within(path, defaultSocket)
	if len(path) > maxSocketPath {
		c.refuse("socket", fmt.Sprintf("is too long for a Unix socket; the whole path may have at most %d bytes", maxSocketPath), path)
	}
	return path
}
