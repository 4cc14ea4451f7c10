package notify

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"unicode"
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

// redactor takes secrets out of texts that far ends and libraries made: raw, as
// they look inside a URL, and in base64.
type redactor struct{ replacer *strings.Replacer }

func newRedactor(secrets ...string) redactor {
	var forms []string
	for _, s := range secrets {
		if s == "" {
			continue
		}
		b := []byte(s)
		forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s),
			base64.StdEncoding.EncodeToString(b), base64.RawStdEncoding.EncodeToString(b),
			base64.URLEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b))
	}
	// The longest first, or a form that begins another would leave its tail.
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, f := range forms {
		pairs = append(pairs, f, mask)
	}
	return redactor{strings.NewReplacer(pairs...)}
}

// text returns s on one line, without secrets, cut to a length fit for a log.
func (r redactor) text(s string) string {
	s = strings.ToValidUTF8(r.replacer.Replace(s), "?")
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
