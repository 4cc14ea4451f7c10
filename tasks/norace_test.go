//go:build !race

package tasks

const underRace = false
