package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the zones, on machines that have none

	"nhacviec/notify"
	"nhacviec/scheduler"
	"nhacviec/tasks"
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

	// Hash is the SHA-256, in hex, of the file without byte order mark and
	// carriage returns. It covers no secret, since the file holds none.
	Hash string

	// Warnings are what a config may say but hardly means, by line.
	Warnings []Problem
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
	}
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
	if len(c.problems) == 0 {
		c.warnOfSilence(t, config)
	}
	return config
}

// checker gathers what is wrong with a file while it is turned into a Config.
type checker struct {
	name     string // of the file, as given
	dir      string // of the file, absolute: what its paths are relative to
	file     tomlFile
	problems []Problem
	warnings []Problem
	refused  map[string]bool // keys with a problem: not to be looked at again
}

// private matches the keys whose values are not repeated in a message: by
// mistake, a secret may stand there instead of a file's name.
var private = regexp.MustCompile(`(_file|_url|proxy)$`)

// refuse notes a problem with a key. A value shows what was found.
func (c *checker) refuse(path, reason string, value ...string) {
	c.problems = append(c.problems, c.problem(path, reason, value))
	c.refused[path] = true
}

// warn notes what is allowed but hardly meant.
func (c *checker) warn(path, reason string, value ...string) {
	c.warnings = append(c.warnings, c.problem(path, reason, value))
}

func (c *checker) problem(path, reason string, value []string) Problem {
	p := Problem{File: c.name, Line: c.file.line(path), Key: path, Reason: reason}
	if len(value) > 0 && !private.MatchString(path) {
		p.Got = shown(value[0])
	}
	return p
}

// given reports whether a key stands in the file with nothing wrong so far.
func (c *checker) given(path string) bool {
	return c.file.lines[path] > 0 && !c.refused[path]
}

// required refuses a key that is missing or empty, and reports whether it is
// there to be looked at.
func (c *checker) required(path, value string) bool {
	switch {
	case c.refusedAbove(path):
		return false
	case c.file.lines[path] == 0:
		c.refuse(path, "is missing")
		return false
	case strings.TrimSpace(value) == "":
		c.refuse(path, "must not be empty")
		return false
	}
	return true
}

// refusedAbove reports whether something is wrong with a key, or with a table
// that it stands in.
func (c *checker) refusedAbove(path string) bool {
	for ; path != ""; path = path[:max(0, strings.LastIndexByte(path, '.'))] {
		if c.refused[path] {
			return true
		}
	}
	return false
}

// oneOf refuses a value that is not among the allowed ones.
func (c *checker) oneOf(path, value string, allowed []string) bool {
	if slices.Contains(allowed, value) {
		return true
	}
	c.refuse(path, "must be "+quotedList(allowed)+didYouMean(value, allowed), value)
	return false
}

// distinct refuses the second of two equal values of a list.
func (c *checker) distinct(path string, values []string) {
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			c.refuse(element(path, i), "is listed twice", v)
		}
	}
}

// between returns a number of the file, or the default for one not given.
func (c *checker) between(path string, n, low, high, otherwise int) int {
	if !c.given(path) {
		return otherwise
	}
	if n < low || n > high {
		c.refuse(path, fmt.Sprintf("must be a whole number from %d to %d", low, high), strconv.Itoa(n))
		return otherwise
	}
	return n
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
