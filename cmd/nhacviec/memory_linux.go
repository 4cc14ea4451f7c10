package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// limitMemory lets the process have some bytes of addresses more than it has now,
// for memory and mapped files; beyond that it ends. (A limit of its data alone
// would not hold: the runtime reserves addresses first.)
func limitMemory(more uint64) error {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	var pages uint64
	if _, err := fmt.Sscan(string(text), &pages); err != nil {
		return fmt.Errorf("/proc/self/statm: %w", err)
	}
	most := pages*uint64(os.Getpagesize()) + more
	return unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: most, Max: most})
}
