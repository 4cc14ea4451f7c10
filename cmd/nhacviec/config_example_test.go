package main

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nhacviec/tasks"
)

const exampleFile = "../../config.example.toml"

func loadExample(t testing.TB) *Config {
	t.Helper()
	data, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	c, err := load(t, string(data))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The example loads as shipped, means all it says, and uses every channel.
func TestExampleConfig(t *testing.T) {
	t.Parallel()
	c := loadExample(t)
	for _, w := range c.Warnings {
		t.Errorf("warning: %s", w)
	}
	if !slices.Equal(c.Setup.Channels, tasks.Channels) {
		t.Errorf("channels %v", c.Setup.Channels)
	}
	var rules []string
	for _, r := range c.Setup.Rules {
		rules = append(rules, r.Name)
	}
	if want := []string{"sap-den-han", "phoi-hop", "thuong-xuyen", "cho-thoi-han", "office.review", "office.report"}; !slices.Equal(rules, want) {
		t.Errorf("rules %v, want %v", rules, want)
	}
	for _, u := range c.Units.Units() {
		for _, a := range u.Addresses[tasks.Email] {
			if !strings.HasSuffix(a, "@example.gov.vn") {
				t.Errorf("unit %s has an address that may be somebody's: %s", u.Code, a)
			}
		}
	}
}

// The example is the manual: it names every key that a config may have.
func TestExampleConfigNamesEveryKey(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Map:
			walk(typ.Elem())
		case reflect.Struct:
			for key, i := range keysOf(typ) {
				if key == "" {
					t.Errorf("%s.%s has no key", typ, typ.Field(i).Name)
				}
				checked++
				if !regexp.MustCompile(`(?m)^(# )?(` + key + `\s+=|\[` + key + `[.\]])`).Match(text) {
					t.Errorf("the example does not show the key %s of %s", key, typ)
				}
				walk(typ.Field(i).Type)
			}
		}
	}
	walk(reflect.TypeFor[configTables]())
	if checked < 40 {
		t.Errorf("only %d keys checked", checked)
	}
}

// The holidays are those of Vietnam in 2023 that follow the plan.
func TestExampleConfigCalendar(t *testing.T) {
	t.Parallel()
	cal := loadExample(t).Setup.Calendar
	for day, works := range map[string]bool{
		"31/08/2023": true,
		"01/09/2023": false,
		"04/09/2023": false,
		"05/09/2023": true,
		"09/09/2023": false, // a Saturday
	} {
		d, err := tasks.ParseDay(day)
		if err != nil {
			t.Fatal(err)
		}
		if cal.Works(d) != works {
			t.Errorf("%s: worked %t, want %t", day, !works, works)
		}
	}
	if got := cal.Shift(time.Date(2023, 9, 1, 7, 30, 0, 0, cal.Location), false); got.Day() != 5 || got.Hour() != 7 {
		t.Errorf("what falls on 01/09/2023 at 07:30 is moved to %s", got)
	}
}

// The unit file hands over the secrets that the example names, under the names
// by which they are looked for.
func TestExampleConfigSecretsAreCredentials(t *testing.T) {
	t.Parallel()
	all := func(file, pattern string) []string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			found = append(found, strings.Join(m[1:], " "))
		}
		return found
	}
	var want []string
	for _, name := range all(exampleFile, `(?m)^\w+_file\s*= "(.*)"`) {
		want = append(want, name+" /etc/nhacviec/"+name)
	}
	got := all("../../systemd/nhacviec.service", `(?m)^LoadCredential=(.*):(.*)$`)
	if len(want) != 5 || !slices.Equal(got, want) {
		t.Errorf("credentials %q, want %q", got, want)
	}
}
