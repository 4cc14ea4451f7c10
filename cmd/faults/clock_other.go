//go:build linux && !amd64

package main

// underClock stands for a tracer that is written for Linux on amd64 alone.
const underClock = ""
