package main

import (
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"nhacviec/notify"
	"nhacviec/tasks"
)

// configured returns the channels that have a table, in the usual order.
func configured(t configTables) []tasks.Channel {
	has := map[tasks.Channel]bool{
		tasks.Email:    t.Email != nil,
		tasks.Telegram: t.Telegram != nil,
		tasks.ZaloBot:  t.ZaloBot != nil,
		tasks.ZaloOA:   t.ZaloOA != nil,
	}
	return slices.DeleteFunc(slices.Clone(tasks.Channels), func(ch tasks.Channel) bool { return !has[ch] })
}

// email checks the [email] table.
func (c *checker) email(t *emailTable) *notify.EmailConfig {
	if t == nil || c.refused["email"] {
		return nil
	}
	if c.required("email.host", t.Host) && !hostName.MatchString(t.Host) && net.ParseIP(t.Host) == nil {
		c.refuse("email.host", "must be the name of a server and nothing else; its port goes into the key port", t.Host)
	}
	protection := notify.StartTLS
	if c.given("email.tls") && c.oneOf("email.tls", t.TLS, []string{notify.StartTLS, notify.ImplicitTLS, notify.NoTLS}) {
		protection = t.TLS
	}
	hasFile := c.file.lines["email.password_file"] > 0
	if protection == notify.NoTLS {
		if c.given("email.host") && !loopback(t.Host) {
			c.refuse("email.tls", `"none" is allowed only for a server on this machine (localhost, 127.0.0.1, ::1)`, t.TLS)
		} else if hasFile || t.Username != "" {
			c.refuse("email.tls", `"none" is allowed only without username and password_file`, t.TLS)
		}
	}
	config := &notify.EmailConfig{
		Host:        t.Host,
		Port:        c.between("email.port", t.Port, 1, 65535, 0),
		TLS:         protection,
		Username:    t.Username,
		From:        t.From,
		Connections: c.between("email.connections", t.Connections, 1, 16, 2),
	}
	switch {
	case hasFile && t.Username == "" && !c.refused["email.username"]:
		c.refuse("email.username", "is missing, and without it password_file means nothing")
	case hasFile || t.Username != "":
		config.Password = c.secret("email.password_file", t.PasswordFile)
	}
	if c.required("email.from", t.From) {
		if _, err := mail.ParseAddress(t.From); err != nil {
			c.refuse("email.from", `must be an address, such as "Nhắc việc <nhacviec@example.gov.vn>"`, t.From)
		}
	}
	if c.sound("email") {
		_, err := notify.NewEmail(*config)
		c.refuseUnmade("email", err)
	}
	return config
}

// perMinute returns how many mails may go out in a minute.
func (c *checker) perMinute(t *emailTable) int {
	if t == nil {
		return 0
	}
	return c.between("email.per_minute", t.PerMinute, 1, 600_000, 60)
}

// telegram checks the [telegram] table.
func (c *checker) telegram(t *telegramTable) *notify.TelegramConfig {
	if t == nil || c.refused["telegram"] {
		return nil
	}
	c.url("telegram.api_url", t.APIURL, "https", "http")
	c.url("telegram.proxy", t.Proxy, "http", "https", "socks5")
	config := &notify.TelegramConfig{
		Token:  c.secret("telegram.token_file", t.TokenFile),
		APIURL: t.APIURL,
		Proxy:  t.Proxy,
	}
	if c.sound("telegram") {
		_, err := notify.NewTelegram(*config)
		c.refuseUnmade("telegram", err)
	}
	return config
}

// zaloBot checks the [zalo_bot] table.
func (c *checker) zaloBot(t *zaloBotTable) *notify.ZaloBotConfig {
	if t == nil || c.refused["zalo_bot"] {
		return nil
	}
	c.url("zalo_bot.api_url", t.APIURL, "https", "http")
	config := &notify.ZaloBotConfig{
		Token:  c.secret("zalo_bot.token_file", t.TokenFile),
		APIURL: t.APIURL,
	}
	if c.sound("zalo_bot") {
		_, err := notify.NewZaloBot(*config)
		c.refuseUnmade("zalo_bot", err)
	}
	return config
}

// zaloOA checks the [zalo_oa] table.
func (c *checker) zaloOA(t *zaloOATable) *notify.ZaloOAConfig {
	if t == nil || c.refused["zalo_oa"] {
		return nil
	}
	c.required("zalo_oa.app_id", t.AppID)
	c.url("zalo_oa.api_url", t.APIURL, "https", "http")
	c.url("zalo_oa.oauth_url", t.OAuthURL, "https", "http")
	return &notify.ZaloOAConfig{
		AppID:        t.AppID,
		AppSecret:    c.secret("zalo_oa.app_secret_file", t.AppSecretFile),
		RefreshToken: c.secret("zalo_oa.refresh_token_file", t.RefreshTokenFile),
		APIURL:       t.APIURL,
		OAuthURL:     t.OAuthURL,
	}
}

// sound reports whether nothing in a table is refused so far.
func (c *checker) sound(table string) bool {
	for path := range c.refused {
		if path == table || strings.HasPrefix(path, table+".") {
			return false
		}
	}
	return true
}

// refuseUnmade notes what the channel itself has against its table, such as a
// token that cannot be one, at the key that it speaks of. Making a channel
// touches no network.
func (c *checker) refuseUnmade(table string, err error) {
	if err == nil {
		return
	}
	reason := strings.TrimPrefix(err.Error(), table+": ")
	if field, why, ok := strings.Cut(reason, ": "); ok {
		path := table + "." + field
		if c.file.lines[path+"_file"] > 0 {
			path, why = path+"_file", "the file it names does not hold one: "+why
		}
		if c.file.lines[path] > 0 {
			c.refuse(path, why)
			return
		}
	}
	c.refuse(table, reason)
}

// hostName matches what is a host's name and nothing else: no port, no login.
var hostName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// tokenLike reports whether a part of a path is hardly one: a token of Telegram
// or Zalo, or another long word with digits in it.
func tokenLike(part string) bool {
	const longest = 24
	digits := strings.ContainsAny(part, "0123456789")
	return strings.Contains(part, ":") || digits && (len(part) >= longest || strings.HasPrefix(strings.ToLower(part), "bot"))
}

// url refuses what is not the address of a server. Tokens travel to it, so an
// API is reached without TLS on this machine only.
func (c *checker) url(path, text string, schemes ...string) {
	if !c.given(path) || text == "" {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || !slices.Contains(schemes, u.Scheme):
		c.refuse(path, "must be the address of a server, starting with "+quotedList(schemes)+` and "://"`)
	case u.User != nil:
		c.refuse(path, "must not hold a user name or a password")
	case u.RawQuery != "" || u.Fragment != "":
		c.refuse(path, "must end with the server's name, port or path")
	case slices.ContainsFunc(strings.Split(u.Path, "/"), tokenLike):
		c.refuse(path, "must not hold a token in its path; the token's own file does, and the rest is added by itself")
	case u.Scheme == "http" && schemes[0] == "https" && !loopback(u.Hostname()):
		c.refuse(path, `must start with "https://": a token would travel in the clear`)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
