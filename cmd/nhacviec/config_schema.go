package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// configTables is config.toml as it is written. Every key that may stand there
// is a field here; config.example.toml says what each means.
type configTables struct {
	Timezone string `toml:"timezone"`
	DataDir  string `toml:"data_dir"`
	Socket   string `toml:"socket"`

	Office   officeTable          `toml:"office"`
	Email    *emailTable          `toml:"email"`
	Telegram *telegramTable       `toml:"telegram"`
	ZaloBot  *zaloBotTable        `toml:"zalo_bot"`
	ZaloOA   *zaloOATable         `toml:"zalo_oa"`
	Calendar calendarTable        `toml:"calendar"`
	Backup   backupTable          `toml:"backup"`
	Watch    *watchTable          `toml:"watch"`
	Import   importTable          `toml:"import"`
	Units    map[string]unitTable `toml:"units"`
	Rules    map[string]ruleTable `toml:"rules"`
}

type officeTable struct {
	Organization string `toml:"organization"`
	Unit         string `toml:"unit"`
	Contact      string `toml:"contact"`
	Review       string `toml:"review"`
	Report       string `toml:"report"`
}

type emailTable struct {
	Host         string `toml:"host"`
	Port         int    `toml:"port"`
	TLS          string `toml:"tls"`
	Username     string `toml:"username"`
	PasswordFile string `toml:"password_file"`
	From         string `toml:"from"`
	PerMinute    int    `toml:"per_minute"`
	Connections  int    `toml:"connections"`
}

type telegramTable struct {
	TokenFile string `toml:"token_file"`
	APIURL    string `toml:"api_url"`
	Proxy     string `toml:"proxy"`
}

type zaloBotTable struct {
	TokenFile string `toml:"token_file"`
	APIURL    string `toml:"api_url"`
}

type zaloOATable struct {
	AppID            string `toml:"app_id"`
	AppSecretFile    string `toml:"app_secret_file"`
	RefreshTokenFile string `toml:"refresh_token_file"`
	APIURL           string `toml:"api_url"`
	OAuthURL         string `toml:"oauth_url"`
}

type calendarTable struct {
	Workdays   []string `toml:"workdays"`
	Holidays   []string `toml:"holidays"`
	MakeUpDays []string `toml:"make_up_days"`
	Quiet      []string `toml:"quiet"`
}

type importTable struct {
	MaxFileMB     int `toml:"max_file_mb"`
	MaxUnpackedMB int `toml:"max_unpacked_mb"`
	MaxRows       int `toml:"max_rows"`
	MaxCellKB     int `toml:"max_cell_kb"`
}

type backupTable struct {
	Keep int    `toml:"keep"`
	At   string `toml:"at"`
	Dir  string `toml:"dir"`
}

type watchTable struct {
	URLFile string `toml:"url_file"`
}

type unitTable struct {
	Name     string   `toml:"name"`
	Aliases  []string `toml:"aliases"`
	Head     string   `toml:"head"`
	Email    []string `toml:"email"`
	Telegram []string `toml:"telegram"`
	ZaloBot  []string `toml:"zalo_bot"`
	ZaloOA   []string `toml:"zalo_oa"`
	Superior string   `toml:"superior"`
	Members  []string `toml:"members"`
}

type ruleTable struct {
	Cron          string   `toml:"cron"`
	Tasks         []string `toml:"tasks"`
	To            []string `toml:"to"`
	Before        []int    `toml:"before"`
	OverdueEvery  int      `toml:"overdue_every"`
	EscalateAfter int      `toml:"escalate_after"`
	Channels      []string `toml:"channels"`
	OnDaysOff     string   `toml:"on_days_off"`
}

// fill puts a value of the file into its field. What does not fit, and keys
// that have no field, become problems; the field then stays empty. No value of
// an unknown key is ever shown: it may be a secret.
func (c *checker) fill(dst reflect.Value, src any, path string) {
	switch dst.Kind() {
	case reflect.Pointer:
		dst.Set(reflect.New(dst.Type().Elem()))
		c.fill(dst.Elem(), src, path)
	case reflect.Struct:
		table, ok := src.(map[string]any)
		if !ok {
			c.refuse(path, fmt.Sprintf("must be a table, [%s]", path))
			return
		}
		fields := keysOf(dst.Type())
		for key, v := range table {
			if i, known := fields[key]; known {
				c.fill(dst.Field(i), v, keyPath(path, key))
			} else {
				c.unknownKey(keyPath(path, key), key, slices.Collect(maps.Keys(fields)))
			}
		}
	case reflect.Map:
		tables, ok := src.(map[string]any)
		if !ok {
			c.refuse(path, fmt.Sprintf("must be named tables, such as [%s.some-name]", path))
			return
		}
		dst.Set(reflect.MakeMap(dst.Type()))
		for key, v := range tables {
			elem := reflect.New(dst.Type().Elem()).Elem()
			c.fill(elem, v, keyPath(path, key))
			dst.SetMapIndex(reflect.ValueOf(key), elem)
		}
	case reflect.Slice:
		list, ok := src.([]any)
		if !ok {
			c.refuse(path, "must be a list, such as "+example(dst.Type()), scalar(src))
			return
		}
		dst.Set(reflect.MakeSlice(dst.Type(), len(list), len(list)))
		for i, v := range list {
			c.fill(dst.Index(i), v, element(path, i))
			if c.refused[element(path, i)] {
				c.refused[path] = true
			}
		}
	case reflect.String:
		s, ok := src.(string)
		if !ok {
			c.refuse(path, "must be a text in quotes", scalar(src))
			return
		}
		dst.SetString(s)
	case reflect.Int:
		n, ok := src.(int64)
		if !ok {
			c.refuse(path, "must be a whole number without quotes", scalar(src))
			return
		}
		dst.SetInt(n)
	default:
		panic("config: no rule for a field of kind " + dst.Kind().String())
	}
}

func (c *checker) unknownKey(path, key string, known []string) {
	if slices.Contains(known, key+"_file") {
		c.refuse(path, fmt.Sprintf("secrets are not kept in the config; put it in a file of its own and name that in %s_file", key))
		c.refused[path+"_file"] = true // missing too, but that is said
		return
	}
	c.refuse(path, "unknown key"+didYouMean(key, known))
}

// keysOf returns the keys of a table and their fields.
func keysOf(t reflect.Type) map[string]int {
	keys := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		keys[t.Field(i).Tag.Get("toml")] = i
	}
	return keys
}

func example(list reflect.Type) string {
	if list.Elem().Kind() == reflect.Int {
		return "[7, 3, 1]"
	}
	return `["one", "two"]`
}

// scalar returns a number or a word as text, and "" for everything else.
func scalar(v any) string {
	switch v.(type) {
	case string, bool, int64, float64:
		return fmt.Sprint(v)
	}
	return ""
}
