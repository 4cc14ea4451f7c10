package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecretFilesOfEditors has what Windows' Notepad and others make of a secret.
func TestSecretFilesOfEditors(t *testing.T) {
	t.Parallel()
	const utf16 = "it is in UTF-16; save it as UTF-8 (in Notepad: Save as, Encoding: UTF-8)"
	for text, want := range map[string]string{
		"Mật khẩu 1\n":                        "Mật khẩu 1",
		"\ufeffMật khẩu 1\r\n":                "Mật khẩu 1",
		"\ufeff\r\n":                          "it is empty",
		"\xff\xfeM\x00k\x001\x00\r\x00\n\x00": utf16,
		"\xfe\xff\x00M\x00k\x001":             utf16,
		"M\x00k\x001\x00":                     utf16,
		"one\ntwo":                            "it must hold one line of text and nothing else",
		"M\xe2t kh\xe9u":                      "it must hold one line of text and nothing else",
	} {
		path := filepath.Join(t.TempDir(), "smtp.pass")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := readSecret(path)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
		if err != nil && strings.Contains(got, "kh") {
			t.Errorf("the error has the secret: %s", got)
		}
	}
}
