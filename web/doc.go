// Package web is the HTTP face of nhacviec. It begins with the control API:
// HTTP and JSON, on a Unix socket, for the command line.
//
// There is one code path for every verb. The command line always speaks HTTP to
// a Handler: to the daemon's through its socket (Dial), or, when nobody answers
// there, to one of its own in the same process (InProcess), over a store that
// it opened itself.
//
// A GET changes nothing. An error travels as an Error, in JSON.
package web
