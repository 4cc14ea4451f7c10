package web

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// InProcess returns a transport to a handler in this process: the same
// requests and answers, without a socket.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ handler http.Handler }

// RoundTrip calls the handler. The answer is read while the handler writes it.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	reader, writer := io.Pipe()
	a := &answerWriter{header: http.Header{}, body: bufio.NewWriter(writer), begun: make(chan struct{})}
	a.response = &http.Response{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: -1,
		Trailer: http.Header{}, Body: reader}
	go func() {
		defer r.Body.Close()
		t.handler.ServeHTTP(a, r)
		a.WriteHeader(http.StatusOK)
		err := a.body.Flush()
		for name, values := range a.header {
			if trailer, ok := strings.CutPrefix(name, http.TrailerPrefix); ok {
				a.response.Trailer[trailer] = values
			}
		}
		writer.CloseWithError(err) // nil: end of file
	}()
	select {
	case <-a.begun:
		return a.response, nil
	case <-r.Context().Done():
		return nil, errors.Join(r.Context().Err(), reader.Close())
	}
}

// answerWriter is the http.ResponseWriter of InProcess.
type answerWriter struct {
	header   http.Header
	body     *bufio.Writer
	response *http.Response
	once     sync.Once
	begun    chan struct{} // closed when the response has its head
}

func (a *answerWriter) Header() http.Header { return a.header }

func (a *answerWriter) WriteHeader(status int) {
	a.once.Do(func() {
		a.response.StatusCode, a.response.Status = status, http.StatusText(status)
		a.response.Header = a.header.Clone()
		close(a.begun)
	})
}

func (a *answerWriter) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}
