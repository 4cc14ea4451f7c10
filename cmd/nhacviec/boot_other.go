//go:build !linux

package main

import "time"

var start = time.Now()

// sinceBoot counts on whatever the wall clock is set to.
func sinceBoot() time.Duration { return time.Since(start) }
