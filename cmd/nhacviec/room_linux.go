package main

import "golang.org/x/sys/unix"

// diskRoom returns how many bytes of the disk under a directory anybody may
// still fill, and how many it has.
func diskRoom(dir string) (free, size uint64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, false // whoever wants to write there says why
	}
	return s.Bavail * uint64(s.Bsize), s.Blocks * uint64(s.Bsize), true
}
