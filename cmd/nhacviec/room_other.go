//go:build !linux

package main

// diskRoom is known on Linux only.
func diskRoom(string) (free, size uint64, known bool) { return 0, 0, false }
