package store

import (
	"fmt"
	"os"

	bolt "go.etcd.io/bbolt"
)

// settleHeads makes both head pages tell of the same data. The younger one
// names the last commit, the older the one before it: with the younger lost, a
// file would open without a word as it was one commit back.
func settleHeads(db *bolt.DB) error {
	return db.Update(func(*bolt.Tx) error { return nil })
}

// checkHeads reports a head page that is not whole: the power failed while it
// was written, which loses nothing, or it was destroyed later, which may.
func checkHeads(f *os.File) error {
	live, err := liveMeta(f)
	if err != nil {
		return err
	}
	for _, at := range []int64{0, int64(live.pageSize)} {
		if _, ok, err := readMeta(f, at); err != nil || !ok {
			return &damage{fmt.Sprintf("the head page at byte %d was not whole when the store was opened: the last change before may be missing", at)}
		}
	}
	return nil
}
