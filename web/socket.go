package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

const (
	socketMode  = 0o660 // the daemon's user and group
	dialTimeout = 2 * time.Second
	// answerTimeout is how long a client waits for an answer to begin. The
	// longest but for the slow routes, a test message to a slow mail server, is well
	// within.
	answerTimeout = 3 * time.Minute
)

// ErrNobody is what Dial returns when no daemon answers at a path.
var ErrNobody = errors.New("nobody answers")

// Dial returns a transport to the daemon that listens at a path. The error is
// ErrNobody, or an *Error when somebody may be there but cannot be asked.
func Dial(path string) (http.RoundTripper, error) {
	conn, err := net.DialTimeout("unix", path, dialTimeout)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOTDIR):
		return nil, ErrNobody
	case errors.Is(err, fs.ErrPermission):
		return nil, Failure(fmt.Sprintf("%s: no permission to talk to the daemon", path), "run the command as the user nhacviec or as a member of its group, or with sudo")
	case err != nil:
		return nil, Failure(fmt.Sprintf("%s: cannot talk to the daemon: %v", path, cause(err)), "look at it: systemctl status nhacviec")
	}
	if err := conn.Close(); err != nil {
		return nil, err
	}
	patient := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			d := net.Dialer{Timeout: dialTimeout}
			return d.DialContext(ctx, "unix", path)
		},
		DisableKeepAlives: true,
	}
	quick := patient.Clone()
	quick.ResponseHeaderTimeout = answerTimeout
	return dialled{quick, patient}, nil
}

// dialled waits for the answer of a slow route as long as its caller does.
type dialled struct{ quick, patient *http.Transport }

func (d dialled) RoundTrip(r *http.Request) (*http.Response, error) {
	if routes[r.URL.Path][r.Method].slow {
		return d.patient.RoundTrip(r)
	}
	return d.quick.RoundTrip(r)
}

// Listen makes the socket for a daemon, mode 0660. A socket that a dead daemon
// left is removed; one at which somebody answers, and what is no socket, is
// not. Closing the listener removes the socket.
func Listen(path string) (net.Listener, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("control socket: %w", err)
	case info.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("control socket: %s is a file of another kind; move it away or give another path with the key socket", path)
	default:
		switch conn, err := net.DialTimeout("unix", path, dialTimeout); {
		case err == nil:
			conn.Close()
			return nil, fmt.Errorf("control socket: another nhacviec answers at %s", path)
		case !errors.Is(err, syscall.ECONNREFUSED):
			return nil, fmt.Errorf("control socket: %s is there and may be in use: %w", path, cause(err))
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("control socket: remove what a dead nhacviec left: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %s: %w; its directory must exist and be writable", path, cause(err))
	}
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	return l, nil
}

// cause returns what the operating system says, without the call and its
// arguments.
func cause(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// NewServer returns a server with the limits that a control socket wants. The
// caller serves Listen's listener on it and shuts it down.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      5 * time.Minute,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
