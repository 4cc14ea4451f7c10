package main

import (
	"embed"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"nhacviec/tasks"
)

// demoFiles holds the page, the seed plan, and a copy of config.example.toml
// that a test keeps equal to the original: go:embed cannot reach above its own
// directory.
//
//go:embed demo
var demoFiles embed.FS

const (
	demoConfigFile = "config.example.toml"
	demoPlanFile   = "ke-hoach-05.md"
	demoPlanID     = "ct05"
	demoUser       = "demo" // who did it, in the ledger
)

// demoDay is when the seed plan was issued, and where the demo begins.
var demoDay = tasks.DateOf(time.Date(2023, time.June, 5, 0, 0, 0, 0, time.UTC))

// demoConfig reads a config for the demo, the built-in one for path "". It is
// as strict as LoadConfig, except that the tables of the channels are not
// looked at: the demo has far ends of its own and needs no secret.
func demoConfig(path string) (*Config, error) {
	name, data := path, []byte(nil)
	var err error
	if path == "" {
		name = demoConfigFile
		data, err = demoFiles.ReadFile("demo/" + name)
	} else {
		data, _, err = readRegular(path, maxConfigSize)
	}
	if err != nil {
		return nil, &ConfigError{Problems: []Problem{{File: name, Reason: "cannot read the config: " + cause(err)}}}
	}
	file, problem := parseTOML(data)
	if problem != nil {
		problem.File = name
		return nil, &ConfigError{Problems: []Problem{*problem}}
	}
	c := checker{name: name, file: file, refused: map[string]bool{}}
	ends := withoutChannels(file)
	for _, ch := range tasks.Channels {
		c.refused[string(ch)] = true // not to be looked at
	}
	var t configTables
	c.fill(reflect.ValueOf(&t).Elem(), file.values, "")
	if slices.Contains(ends, tasks.Email) {
		t.Email = &emailTable{}
	}
	if slices.Contains(ends, tasks.Telegram) {
		t.Telegram = &telegramTable{}
	}
	if slices.Contains(ends, tasks.ZaloBot) {
		t.ZaloBot = &zaloBotTable{}
	}
	if slices.Contains(ends, tasks.ZaloOA) {
		t.ZaloOA = &zaloOATable{}
	}
	config := c.build(t)
	if len(c.problems) > 0 {
		slices.SortStableFunc(c.problems, byLine)
		return nil, &ConfigError{Problems: c.problems}
	}
	return config, nil
}

// withoutChannels takes the channels' tables out of a file and returns which
// there were: those the demo has, or all when the file has none.
func withoutChannels(file tomlFile) []tasks.Channel {
	var had []tasks.Channel
	for _, ch := range tasks.Channels {
		key := string(ch)
		if _, ok := file.values[key]; ok {
			had = append(had, ch)
		}
		delete(file.values, key)
		maps.DeleteFunc(file.lines, func(path string, _ int) bool {
			return path == key || strings.HasPrefix(path, key+".")
		})
	}
	if len(had) == 0 {
		return tasks.Channels
	}
	return had
}
