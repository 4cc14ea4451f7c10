package notify

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"nhacviec/notify/notifytest"
)

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const canary = "CANARY/secret+08"
	secret := NewSecret(canary)
	type holder struct {
		Public  Secret
		private Secret
		Pointer *Secret
		List    []Secret
		Map     map[string]Secret
		Any     any
	}
	h := holder{secret, secret, &secret, []Secret{secret}, map[string]Secret{"k": secret}, secret}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%10.3s", "%p"} {
		fmt.Fprintf(&out, verb+"\n", secret)
		fmt.Fprintf(&out, verb+"\n", &secret)
		fmt.Fprintf(&out, verb+"\n", h)
		fmt.Fprintf(&out, verb+"\n", &h)
	}
	fmt.Fprintln(&out, secret, h, EmailConfig{Password: secret}, TelegramConfig{Token: secret}, ZaloOAConfig{AppSecret: secret})
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("config", "secret", secret, "holder", h, "pointer", &secret)
	}
	for _, v := range []any{secret, h, map[string]any{"s": secret}, EmailConfig{Password: secret}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	text, err := secret.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	if leak := notifytest.Leak(out.String(), canary); leak != "" {
		t.Errorf("printed: %s", out.String())
	}
	if strings.Contains(out.String(), fmt.Sprintf("%x", canary)) {
		t.Error("printed in hex")
	}
	if strings.Count(out.String(), mask) < 20 {
		t.Errorf("the mask is missing: %s", out.String())
	}
	if secret.Reveal() != canary || (Secret{}).Reveal() != "" {
		t.Error("Reveal does not")
	}
}

func TestRedactor(t *testing.T) {
	t.Parallel()
	const canary = "pa/ss+wörd CANARY"
	r := newRedactor(canary, "", "abc")
	for _, form := range []string{canary, url.QueryEscape(canary), url.PathEscape(canary), base64.StdEncoding.EncodeToString([]byte(canary)), base64.RawURLEncoding.EncodeToString([]byte(canary))} {
		if got := r.text("before " + form + " after"); got != "before [secret] after" {
			t.Errorf("%q became %q", form, got)
		}
	}
	if got := r.text("two\r\nlines\x00 and " + strings.Repeat("ệ", 600)); strings.ContainsAny(got, "\r\n\x00") || len([]rune(got)) != 501 {
		t.Errorf("got %q", got)
	}
	cause := &url.Error{Op: "Post", URL: "http://127.0.0.1/bot" + canary + "/sendMessage", Err: context.DeadlineExceeded}
	err := r.error(fmt.Errorf("sending: %w", cause))
	if !errors.Is(err, context.DeadlineExceeded) || err.Error() != "context deadline exceeded" || errors.Unwrap(err) != nil {
		t.Errorf("got %#v", err)
	}
}
