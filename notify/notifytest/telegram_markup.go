package notifytest

import (
	"fmt"
	"strconv"
	"strings"
)

var telegramTags = map[string]bool{
	"b": true, "strong": true, "i": true, "em": true, "u": true, "ins": true, "s": true, "strike": true, "del": true,
	"a": true, "code": true, "pre": true, "blockquote": true, "span": true, "tg-spoiler": true, "tg-emoji": true, "tg-time": true,
}

// parseTelegramHTML returns what a reader sees of a text in Telegram's HTML, or
// Telegram's complaint about it.
func parseTelegramHTML(text string) (plainText, complaint string) {
	var plain strings.Builder
	var open []string
	for at := 0; at < len(text); {
		switch text[at] {
		case '&':
			decoded, n := decodeEntity(text[at:])
			plain.WriteString(decoded)
			at += n
		case '<':
			end := strings.IndexByte(text[at:], '>')
			if end < 0 {
				return "", fmt.Sprintf("Unclosed start tag at byte offset %d", at)
			}
			tag := text[at+1 : at+end]
			name, closing := strings.CutPrefix(tag, "/")
			name, _, _ = strings.Cut(name, " ")
			name = strings.ToLower(strings.TrimSpace(name))
			switch {
			case closing && len(open) == 0:
				return "", fmt.Sprintf("Unexpected end tag at byte offset %d", at)
			case closing && name != "" && open[len(open)-1] != name:
				return "", fmt.Sprintf(`Unmatched end tag at byte offset %d, expected "</%s>", found "</%s>"`, at, open[len(open)-1], name)
			case closing:
				open = open[:len(open)-1]
			case !telegramTags[name]:
				return "", fmt.Sprintf("Unsupported start tag %q at byte offset %d", name, at)
			default:
				open = append(open, name)
			}
			at += end + 1
		default:
			plain.WriteByte(text[at])
			at++
		}
	}
	if len(open) > 0 {
		return "", fmt.Sprintf("Can't find end tag corresponding to start tag %q", open[len(open)-1])
	}
	return plain.String(), ""
}

// decodeEntity decodes the entity that s begins with. Telegram knows four by
// name and all by number; others stay as they are.
func decodeEntity(s string) (string, int) {
	end := strings.IndexByte(s, ';')
	if end < 0 || end > 12 {
		return "&", 1
	}
	name := s[1:end]
	switch name {
	case "lt":
		return "<", end + 1
	case "gt":
		return ">", end + 1
	case "amp":
		return "&", end + 1
	case "quot":
		return `"`, end + 1
	}
	if number, ok := strings.CutPrefix(name, "#"); ok {
		base := 10
		if hex, ok := strings.CutPrefix(number, "x"); ok {
			number, base = hex, 16
		}
		if code, err := strconv.ParseInt(number, base, 32); err == nil {
			return string(rune(code)), end + 1
		}
	}
	return "&", 1
}
