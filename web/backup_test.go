package web_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"nhacviec/web"
)

// copies is a store that is copied; short is how many bytes fewer come than it
// says.
type copies struct {
	data  []byte
	short int
	fails error
}

func (c *copies) Copy() (io.ReadCloser, int64, error) {
	return io.NopCloser(bytes.NewReader(c.data[:len(c.data)-c.short])), int64(len(c.data)), c.fails
}

func TestBackup(t *testing.T) {
	t.Parallel()
	_, h := newOffice(t)
	from := &copies{data: bytes.Repeat([]byte{0, 1, 2, 0xff}, 1<<18)}
	h.Copier = from
	all := clients(t, h)
	receive := func(c *web.Client) (got []byte, err error) {
		err = c.Backup(t.Context(), func(r io.Reader) (err error) {
			got, err = io.ReadAll(r)
			return err
		})
		return got, err
	}
	for name, c := range all {
		if got, err := receive(c); err != nil || !bytes.Equal(got, from.data) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(from.data), err)
		}
		full := errors.New("no space left on device")
		if err := c.Backup(t.Context(), func(io.Reader) error { return full }); !errors.Is(err, full) {
			t.Errorf("%s: the receiver's own error is lost: %v", name, err)
		}
	}
	from.short = 1
	for name, c := range all {
		if _, err := receive(c); strings.Contains(name, "socket") && err == nil {
			t.Errorf("%s: a copy cut short is taken for whole", name)
		}
	}
	from.fails = errors.New("page 7 is damaged")
	for name, c := range all {
		if got, err := receive(c); !sameError(err, "page 7 is damaged", web.ExitFailed) || len(got) > 0 {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}
