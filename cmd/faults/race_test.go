//go:build linux && race

package main

// underRace: the program that the harness builds and drives is without it.
const underRace = true
