package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// checker gathers what is wrong with a file while it is turned into a Config.
type checker struct {
	name     string // of the file, as given
	dir      string // of the file, absolute: what its paths are relative to
	file     tomlFile
	problems []Problem
	warnings []Problem
	refused  map[string]bool // keys with a problem: not to be looked at again
}

// private matches the keys whose values are not repeated in a message: by
// mistake, a password or a token may stand anywhere in the table of a channel.
var private = regexp.MustCompile(`^(email|telegram|zalo_bot|zalo_oa|watch)(\.|$)`)

// refuse notes a problem with a key. A value shows what was found.
func (c *checker) refuse(path, reason string, value ...string) {
	c.problems = append(c.problems, c.problem(path, reason, value...))
	c.refused[path] = true
}

// warn notes what is allowed but hardly meant.
func (c *checker) warn(path, reason string, value ...string) {
	c.warnings = append(c.warnings, c.problem(path, reason, value...))
}

func (c *checker) problem(path, reason string, value ...string) Problem {
	p := Problem{File: c.name, Line: c.file.line(path), Key: path, Reason: reason}
	if len(value) > 0 && !private.MatchString(path) {
		p.Got = shown(value[0])
	}
	return p
}

// given reports whether a key stands in the file with nothing wrong so far.
func (c *checker) given(path string) bool {
	return c.file.lines[path] > 0 && !c.refused[path]
}

// required refuses a key that is missing or empty, and reports whether it is
// there to be looked at.
func (c *checker) required(path, value string) bool {
	switch {
	case c.refusedAbove(path):
		return false
	case c.file.lines[path] == 0:
		c.refuse(path, "is missing")
		return false
	case strings.TrimSpace(value) == "":
		c.refuse(path, "must not be empty")
		return false
	}
	return true
}

// refusedAbove reports whether something is wrong with a key, or with a table
// that it stands in.
func (c *checker) refusedAbove(path string) bool {
	for ; path != ""; path = path[:max(0, strings.LastIndexByte(path, '.'))] {
		if c.refused[path] {
			return true
		}
	}
	return false
}

// oneOf refuses a value that is not among the allowed ones.
func (c *checker) oneOf(path, value string, allowed []string) bool {
	if slices.Contains(allowed, value) {
		return true
	}
	c.refuse(path, "must be "+quotedList(allowed)+didYouMean(value, allowed), value)
	return false
}

// distinct refuses the second of two equal values of a list.
func (c *checker) distinct(path string, values []string) {
	for i, v := range values {
		if slices.Contains(values[:i], v) {
			c.refuse(element(path, i), "is listed twice", v)
		}
	}
}

// between returns a number of the file, or the default for one not given.
func (c *checker) between(path string, n, low, high, otherwise int) int {
	if !c.given(path) {
		return otherwise
	}
	if n < low || n > high {
		c.refuse(path, fmt.Sprintf("must be a whole number from %d to %d", low, high), strconv.Itoa(n))
		return otherwise
	}
	return n
}
