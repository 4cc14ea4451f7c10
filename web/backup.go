package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Copier makes a copy of the store while it is in use.
type Copier interface {
	// Copy returns the store as it is at one moment, and its size in bytes.
	Copy() (from io.ReadCloser, size int64, err error)
}

// backupTimeout is how long a client may take to receive a copy of the store.
const backupTimeout = time.Hour

// backup answers with a copy of the store, in bytes.
func (h *Handler) backup(w http.ResponseWriter, _ *http.Request) error {
	from, size, err := h.Copier.Copy()
	if err != nil {
		return err
	}
	defer from.Close()
	err = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(backupTimeout)) // h.Now may be simulated
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	io.Copy(w, from) // the client sees by the length that something is missing
	return nil
}

// Backup gives a copy of the store to receive, which has to check it.
func (c *Client) Backup(ctx context.Context, receive func(io.Reader) error) error {
	var failed error // the receiver's, in its own words
	err := c.do(ctx, http.MethodGet, "/v1/backup", url.Values{}, nil, func(body io.Reader) error {
		failed = receive(body)
		return nil
	})
	return errors.Join(failed, err)
}
