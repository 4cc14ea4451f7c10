package store

import (
	"os"
	"testing"
)

// BenchmarkCheckPages walks the file of 200,000 sent messages.
func BenchmarkCheckPages(b *testing.B) {
	s := sentStore(b, 200_000)
	size := get1[os.FileInfo](b)(s.file.Stat()).Size()
	b.SetBytes(size)
	for b.Loop() {
		must(b, checkPages(s.file, wholeFile))
	}
}
