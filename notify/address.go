package notify

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"nhacviec/tasks"
)

// CheckAddress says what is wrong with an address of a channel, or nil. It is
// stricter than the mail standards, on purpose: what it lets through is what
// every server understands the same way.
func CheckAddress(ch tasks.Channel, addr string) error {
	var err error
	switch ch {
	case tasks.Email:
		err = checkMailAddress(addr)
	case tasks.Telegram:
		_, _, err = parseTelegramAddress(addr)
	case tasks.ZaloBot, tasks.ZaloOA:
		err = checkOpaqueID(addr)
	default:
		return fmt.Errorf("unknown channel %q", ch)
	}
	if err != nil {
		return fmt.Errorf("%s address %q: %w", ch, addr, err)
	}
	return nil
}

func checkMailAddress(addr string) error {
	local, domain, ok := strings.Cut(addr, "@")
	switch {
	case !ok:
		return errors.New("has no @")
	case len(addr) > 254:
		return fmt.Errorf("is longer than 254 characters (%d)", len(addr))
	case local == "":
		return errors.New("has nothing before the @")
	case len(local) > 64:
		return fmt.Errorf("has more than 64 characters before the @ (%d)", len(local))
	case !strings.Contains(domain, "."):
		return errors.New("has no dot after the @")
	}
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" {
			return errors.New("has a dot too many before the @")
		}
		for _, c := range atom {
			if !isAlphanumeric(c) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", c) {
				return fmt.Errorf("has %q before the @; only unaccented letters, digits and signs may stand there", c)
			}
		}
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return fmt.Errorf("has the malformed domain %q", domain)
		}
		for _, c := range label {
			if !isAlphanumeric(c) && c != '-' {
				return fmt.Errorf("has %q in its domain; write a domain with other letters in its xn-- form", c)
			}
		}
	}
	if _, err := strconv.Atoi(labels[len(labels)-1]); err == nil {
		return errors.New("names a host by number; write its domain")
	}
	return nil
}

func isAlphanumeric(c rune) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// parseTelegramAddress reads "123", "-456", "-100789" and "-100789:12".
func parseTelegramAddress(addr string) (chat string, topic int, err error) {
	chat, after, hasTopic := strings.Cut(addr, ":")
	id, err := strconv.ParseInt(chat, 10, 64)
	if err != nil || id == 0 || strconv.FormatInt(id, 10) != chat {
		return "", 0, errors.New(`is no chat id; want a number such as "-1001234567890", with a forum topic "-1001234567890:12"`)
	}
	if !hasTopic {
		return chat, 0, nil
	}
	topic, err = strconv.Atoi(after)
	if err != nil || topic < 1 || strconv.Itoa(topic) != after {
		return "", 0, errors.New("has no topic number after the colon")
	}
	if !strings.HasPrefix(chat, "-100") {
		return "", 0, errors.New(`has a topic, but only groups whose id begins with "-100" have topics`)
	}
	return chat, topic, nil
}

func checkOpaqueID(addr string) error {
	if addr == "" {
		return errors.New("is empty")
	}
	if len(addr) > 128 {
		return fmt.Errorf("is longer than 128 characters (%d)", len(addr))
	}
	for _, c := range addr {
		if unicode.IsSpace(c) || !unicode.IsPrint(c) || c > unicode.MaxASCII {
			return fmt.Errorf("has %q, which no Zalo id has", c)
		}
	}
	return nil
}
