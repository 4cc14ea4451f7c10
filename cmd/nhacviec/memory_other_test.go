//go:build !linux

package main

// devour is for Linux only.
func devour() { panic("not here") }
