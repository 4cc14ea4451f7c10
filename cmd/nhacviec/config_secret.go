package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"unicode/utf8"

	"nhacviec/notify"
)

const maxSecretSize = 64 << 10 // bytes

// secret returns the text of the file that a *_file key names, without the
// line break at its end. The file is looked for in the config's directory, and
// if it is not there, or not ours to read, by its base name among the
// credentials that systemd hands over (LoadCredential=).
//
// No message repeats the key's value: those who put the secret itself there
// would find it in the journal.
func (c *checker) secret(path, name string) notify.Secret {
	if !c.required(path, name) {
		return notify.Secret{}
	}
	text, err := readSecret(c.within(name, ""))
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)) {
		// systemd keeps these from others by an access list, which shows in
		// the mode as if the group could read.
		var data []byte
		data, _, err = readRegular(filepath.Join(dir, filepath.Base(name)), maxSecretSize)
		if err == nil {
			text, err = secretText(data)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		c.refuse(path, "the file it names does not exist, neither in the config's directory nor among systemd's credentials")
		return notify.Secret{}
	}
	if err != nil {
		c.refuse(path, "cannot use the file it names: "+cause(err))
		return notify.Secret{}
	}
	return notify.NewSecret(text)
}

// readSecret reads a file that nobody but its owner may read.
func readSecret(path string) (string, error) {
	data, mode, err := readRegular(path, maxSecretSize)
	if err != nil {
		return "", err
	}
	if mode&0o077 != 0 {
		return "", fmt.Errorf("its mode %#o lets others read it; run chmod 600 on it", mode)
	}
	return secretText(data)
}

// secretText takes off what editors put around a line: a byte order mark and the
// line's end.
func secretText(data []byte) (string, error) {
	data = bytes.TrimRight(bytes.TrimPrefix(data, []byte("\ufeff")), "\r\n")
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")), bytes.IndexByte(data, 0) >= 0:
		return "", errors.New("it is in UTF-16; save it as UTF-8 (in Notepad: Save as, Encoding: UTF-8)")
	case len(bytes.TrimSpace(data)) == 0:
		return "", errors.New("it is empty")
	case !utf8.Valid(data) || bytes.ContainsAny(data, "\r\n\x00"):
		return "", errors.New("it must hold one line of text and nothing else")
	}
	return string(data), nil
}
