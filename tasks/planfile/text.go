package planfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// text returns the text of a file in UTF-8 with \n at the ends of lines.
// UTF-16 is read when its mark is there, as in Excel's "Unicode text".
func (f file) text() (text []byte, err error) {
	text = f.data
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		text, err = f.utf16(text[2:], binary.LittleEndian)
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		text, err = f.utf16(text[2:], binary.BigEndian)
	default:
		text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	}
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(text, '\r') >= 0 {
		text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
		text = bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return nil, f.errorAt(text, i, "a NUL byte: no text; save it as UTF-8")
	}
	if utf8.Valid(text) {
		return text, nil
	}
	for i := 0; ; {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n <= 1 {
			return nil, f.errorAt(text, i, guessEncoding(text))
		}
		i += n
	}
}

func (f file) utf16(data []byte, order binary.ByteOrder) ([]byte, error) {
	out := make([]byte, 0, len(data))
	for len(data) > 1 {
		r := rune(order.Uint16(data))
		data = data[2:]
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if len(data) > 1 {
				low, data = rune(order.Uint16(data)), data[2:]
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				return nil, f.errorAt(out, len(out), "half a character: not UTF-16 text; save it as UTF-8")
			}
		}
		out = utf8.AppendRune(out, r)
	}
	if len(data) > 0 {
		return nil, f.errorAt(out, len(out), "cut off within a character of UTF-16; copy it anew, or save it as UTF-8")
	}
	return out, nil
}

func (f file) errorAt(text []byte, pos int, what string) error {
	return fmt.Errorf("%s:%d: %s", f.name, 1+bytes.Count(text[:pos], []byte("\n")), what)
}
