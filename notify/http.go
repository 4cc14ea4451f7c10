package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"nhacviec/tasks"
)

const (
	bodyLimit   = 1 << 20          // the most that is read of an answer
	callTimeout = 30 * time.Second // the most that a call takes, whatever its context says
	maxWait     = time.Hour        // the most that a provider's "retry after" is believed
)

// caller makes the HTTP calls of one channel.
type caller struct {
	client *http.Client
	hide   func() redactor // knows the secrets of the moment
}

// newCaller uses the given proxy; "" means the one that the environment names.
func newCaller(proxy string, hide redactor) (*caller, error) {
	caller := &caller{hide: func() redactor { return hide }}
	via := http.ProxyFromEnvironment
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
			return nil, errors.New("proxy: want http://, https:// or socks5:// and a host")
		}
		via = http.ProxyURL(u)
	}
	caller.client = &http.Client{
		Transport: &http.Transport{
			Proxy: via,
			// A dialler of our own also keeps the transport to HTTP/1.1, where
			// "the request was written" has an exact meaning.
			DialContext:         (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
			TLSHandshakeTimeout: 15 * time.Second,
			MaxIdleConnsPerHost: 4,
			// Far below any server's patience: a message written into a connection
			// that the server is just closing would be a message in doubt.
			IdleConnTimeout: 5 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return caller, nil
}

func (c *caller) close() { c.client.CloseIdleConnections() }

// answer is what came back for a call.
type answer struct {
	status    int // 0: nothing came back
	header    http.Header
	body      []byte
	written   bool // the whole request left this machine
	unbounded bool // the end of the connection was the end of the body: perhaps not all of it
}

// do makes one call. With an error, status is 0 unless the body broke off.
func (c *caller) do(ctx context.Context, req *http.Request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) { written.Store(info.Err == nil) },
	})
	res, err := c.client.Do(req.WithContext(ctx))
	if err != nil {
		return answer{written: written.Load()}, err
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header, written: true,
		unbounded: res.ContentLength < 0 && len(res.TransferEncoding) == 0 && !res.Uncompressed}
	a.body, err = io.ReadAll(io.LimitReader(res.Body, bodyLimit))
	return a, err
}

// post sends a body and returns what came back.
func (c *caller) post(ctx context.Context, to, contentType string, body []byte, header map[string]string) (answer, error) {
	req, err := http.NewRequest(http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", contentType)
	for name, value := range header {
		req.Header[name] = []string{value} // in the provider's own spelling
	}
	return c.do(ctx, req)
}

// noVerdict is the outcome of a call that the provider's program did not
// answer: the line broke, or something in between spoke for it.
func (c *caller) noVerdict(a answer, err error) *tasks.SendError {
	se := &tasks.SendError{Outcome: tasks.Transient, RetryAfter: headerWait(a.header)}
	if a.mayBeYes(err) {
		se.Outcome = tasks.Unknowable
	}
	se.Unreached = se.Outcome == tasks.Transient
	switch hide := c.hide(); {
	case a.status == 0:
		se.Err = hide.error(err)
	case err != nil:
		se.Err = fmt.Errorf("HTTP %d, then: %w", a.status, hide.error(err))
	default: // hidden whole, then cut: half of a secret is no longer known for one
		se.Err = fmt.Errorf("HTTP %d with an answer that is none of this service's: %q", a.status, firstRunes(hide.text(string(a.body)), 120))
	}
	return se
}

// mayBeYes reports whether a call without a verdict may have been granted. A
// status of 300 and above is no yes, whatever its page; nor is a whole answer
// that is not in the service's words, or one without end. Only where the answer
// is missing or broke off can nobody know.
func (a answer) mayBeYes(err error) bool {
	switch body := bytes.TrimSpace(a.body); {
	case !a.written, a.status >= 300:
		return false
	case err != nil:
		return true
	case len(a.body) >= bodyLimit:
		return false
	case len(body) == 0:
		return a.unbounded
	default:
		var broken *json.SyntaxError
		return body[0] == '{' && errors.As(json.Unmarshal(body, new(any)), &broken) && broken.Offset == int64(len(body))
	}
}

// asCheck is a failed call seen by one that only asks: nothing is in doubt.
func asCheck(se *tasks.SendError) *tasks.SendError {
	if se.Outcome == tasks.Unknowable {
		se.Outcome = tasks.Transient
	}
	return se
}

func firstRunes(s string, n int) string {
	runes := []rune(s)
	return string(runes[:min(n, len(runes))])
}

// headerWait reads a Retry-After header given in seconds.
func headerWait(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return wait(seconds)
}

// wait bounds what a provider asks for; what makes no sense is 0.
func wait(seconds int) time.Duration {
	if seconds <= 0 {
		return 0
	}
	if seconds >= int(maxWait/time.Second) {
		return maxWait
	}
	return time.Duration(seconds) * time.Second
}

// baseURL checks the address of a provider's API. A secret travels in every
// call, so only https will do, or this machine. No error repeats the address:
// there may be a password in it.
func baseURL(key, given, standard string) (string, error) {
	if given == "" {
		given = standard
	}
	u, err := url.Parse(given)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("%s: want an https:// address", key)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return "", fmt.Errorf("%s: http would carry the secret in clear; use https", key)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return "", fmt.Errorf("%s: want only scheme, host and path", key)
	}
	return strings.TrimRight(given, "/"), nil
}
