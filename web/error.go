package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
)

// The exit codes of the command line, which travel with an error.
const (
	ExitFailed   = 1
	ExitPartly   = 3  // some of it was done
	ExitProblems = 4  // a check found something
	ExitUsage    = 64 // EX_USAGE
	ExitNoDaemon = 69 // EX_UNAVAILABLE
	ExitConfig   = 78 // EX_CONFIG
)

// Error is what went wrong and what to do about it, as it travels and as a
// person reads it. It never holds a secret.
type Error struct {
	Message string `json:"error"` // what happened, and where
	Hint    string `json:"hint"`  // what to do; may be empty
	Exit    int    `json:"exit"`  // the command line's exit code

	// Ask is the question of which a yes makes the same request pass with Yes
	// set; "": there is none.
	Ask string `json:"ask,omitempty"`

	// Status is the HTTP status; 0: by the exit code.
	Status int `json:"-"`
}

func (e *Error) Error() string { return e.Message }

// Usage returns an error about what the user asked for.
func Usage(message, hint string) *Error {
	return &Error{Message: message, Hint: hint, Exit: ExitUsage}
}

// Failure returns an error about what could not be done.
func Failure(message, hint string) *Error {
	return &Error{Message: message, Hint: hint, Exit: ExitFailed}
}

// status returns the HTTP status of the error.
func (e *Error) status() int {
	byExit := map[int]int{
		ExitUsage:    http.StatusBadRequest,
		ExitConfig:   http.StatusUnprocessableEntity,
		ExitNoDaemon: http.StatusServiceUnavailable,
	}
	return cmp.Or(e.Status, byExit[e.Exit], http.StatusInternalServerError)
}

// asError puts any error into the form that travels: an *Error as it is,
// others as the handler's Explain puts them.
func (h *Handler) asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &Error{Message: "the request is too large", Hint: "a plan of so many tasks must be imported in parts", Exit: ExitFailed, Status: http.StatusRequestEntityTooLarge}
	}
	if h.Explain != nil {
		if e := h.Explain(err); e != nil {
			return e
		}
	}
	return Failure(err.Error(), "")
}

// writeError answers with an error.
func (h *Handler) writeError(w http.ResponseWriter, err error) {
	e := h.asError(err)
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(e.status())
	json.NewEncoder(w).Encode(e) // a client that hung up has no use for the error
}
