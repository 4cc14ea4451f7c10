package notify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
)

// mask stands wherever a secret would have been printed.
const mask = "[secret]"

// Secret is a password or token. However it is printed, logged or marshalled,
// also as a field of something else, a fixed mask comes out. The zero Secret is
// empty.
type Secret struct {
	value *string // a pointer: fmt prints unexported fields without asking their methods
}

// NewSecret hides value.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal returns the secret itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// HideIn returns a foreign text on one line without the secret, in whatever form
// it stands there.
func (s Secret) HideIn(text string) string { return newRedactor(s.Reveal()).text(text) }

// String returns the mask.
func (Secret) String() string { return mask }

// GoString returns the mask.
func (Secret) GoString() string { return mask }

// Format writes the mask, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// LogValue returns the mask.
func (Secret) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText returns the mask.
func (Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }

// MarshalJSON returns the mask.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + mask + `"`), nil }

// redactor takes secrets out of texts that far ends and libraries made: as they
// are and in base64, whatever of it is escaped by the rules of Go, JSON, URLs or
// HTML, once or more.
type redactor struct {
	forms *regexp.Regexp // nil: no secrets
	long  []string       // secrets that are known as they are
}

func newRedactor(secrets ...string) redactor {
	var forms, long []string
	for _, s := range secrets {
		if s == "" {
			continue
		}
		if len(s) > longestSpelt {
			long = append(long, s)
			continue
		}
		b := []byte(s)
		forms = append(forms, spellings(s))
		for _, form := range []string{base64.RawStdEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b)} {
			forms = append(forms, spellings(form)+"(?:"+spellings("=")+")*")
		}
	}
	if len(forms) == 0 {
		return redactor{long: long}
	}
	re := regexp.MustCompile(strings.Join(forms, "|"))
	re.Longest() // a form that begins another must not leave its tail
	return redactor{re, long}
}

// longestSpelt is the longest secret, in bytes, that is known in other forms
// than its own: what a far end names a token must not fill the memory.
const longestSpelt = 4 << 10

// spellings returns an expression for the ways in which a text may be written.
func spellings(s string) string {
	var b strings.Builder
	for _, c := range s {
		if isAlphanumeric(c) { // itself everywhere
			b.WriteRune(c)
		} else {
			b.WriteString(`\\*(?:` + strings.Join(spellingsOf(c), "|") + ")")
		}
	}
	return b.String()
}

func spellingsOf(c rune) []string {
	url, hex, code := "", "", ""
	for _, b := range []byte(string(c)) {
		url += fmt.Sprintf(`%%(?:25)*(?i:%02x)`, b)
		hex += fmt.Sprintf(`\\+x(?i:%02x)`, b)
	}
	for _, u := range utf16.Encode([]rune{c}) {
		code += fmt.Sprintf(`\\+u(?i:%04x)`, u)
	}
	ways := []string{regexp.QuoteMeta(string(c)), url, hex, code, fmt.Sprintf(`&(?:amp;)*#(?:0*%d|(?i:x0*%x));`, c, c)}
	switch {
	case named[c] != "":
		ways = append(ways, named[c])
	case c > unicode.MaxASCII: // as Go writes what is beyond 16 bits, and as those do who know no such letter
		ways = append(ways, fmt.Sprintf(`\\+U(?i:%08x)`, c), `[?\x{fffd}]+`)
	}
	return ways
}

// named are spellings that only some signs have.
var named = map[rune]string{' ': `\+`, '\t': `\\+t`, '&': `&(?:amp;)+`, '<': `&(?:amp;)*lt;`, '>': `&(?:amp;)*gt;`, '"': `&(?:amp;)*quot;`, '\'': `&(?:amp;)*apos;`}

// text returns s on one line, without secrets, cut to a length fit for a log.
func (r redactor) text(s string) string {
	s = strings.ToValidUTF8(s, "?")
	for _, secret := range r.long {
		s = strings.ReplaceAll(s, secret, mask)
	}
	if r.forms != nil {
		s = r.forms.ReplaceAllLiteralString(s, mask)
	}
	s = strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, s)
	const most = 500
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return strings.TrimSpace(s)
}

// error returns an error with the text of err but without secrets. errors.Is
// sees through it; errors.As does not, since the cause still holds the secret.
func (r redactor) error(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the rest is the method and the URL, which holds the token
	}
	return redacted{r.text(err.Error()), err}
}

type redacted struct {
	text  string
	cause error
}

func (e redacted) Error() string        { return e.text }
func (e redacted) Is(target error) bool { return errors.Is(e.cause, target) }

// Format keeps %+v and %#v from walking into the cause.
func (e redacted) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.text) }
