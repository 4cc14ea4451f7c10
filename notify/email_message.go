package notify

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"

	netmail "net/mail"

	"github.com/wneessen/go-mail"

	"nhacviec/tasks"
)

// render writes the whole mail into memory, so that nothing can fail half-way
// through its transmission. The same Outgoing gives the same bytes.
func (e *Email) render(out tasks.Outgoing) ([]byte, error) {
	if err := CheckAddress(tasks.Email, out.Address); err != nil {
		return nil, err
	}
	if !isMessageID(out.ID) {
		return nil, fmt.Errorf("message id %q: want 1 to 100 letters, digits, dots, dashes", out.ID)
	}
	if out.Text == "" {
		return nil, errors.New("the mail has no text")
	}

	m := mail.NewMsg(mail.WithEncoding(mail.EncodingB64), mail.WithNoDefaultUserAgent(), mail.WithBoundary("nhacviec-"+out.ID))
	m.FromMailAddress(&e.from)
	m.ToMailAddress(&netmail.Address{Address: out.Address})
	m.Subject(headerText(out.Subject))
	m.SetDateWithValue(out.At)
	m.SetMessageIDWithValue(out.ID + "@" + e.domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("List-Id", "<nhacviec."+e.domain+">")
	m.SetBulk() // Precedence and X-Auto-Response-Suppress: no absence notices back
	m.SetBodyString(mail.TypeTextPlain, out.Text, mail.WithPartEncoding(mail.EncodingQP))
	if out.HTML != "" {
		m.AddAlternativeString(mail.TypeTextHTML, out.HTML, mail.WithPartEncoding(mail.EncodingQP))
	}
	var raw bytes.Buffer
	raw.Grow(2 * (len(out.Text) + len(out.HTML))) // quoted-printable takes more room
	if _, err := m.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("rendering the mail: %w", err)
	}
	return raw.Bytes(), nil
}

// headerText keeps a text on one line.
func headerText(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(c rune) bool {
		return unicode.IsControl(c) || unicode.IsSpace(c)
	}), " ")
}

func isMessageID(id string) bool {
	for _, c := range id {
		if !isAlphanumeric(c) && c != '-' && c != '.' {
			return false
		}
	}
	return id != "" && len(id) <= 100 && !strings.HasPrefix(id, ".") && !strings.HasSuffix(id, ".") && !strings.Contains(id, "..")
}

func domainOf(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}
