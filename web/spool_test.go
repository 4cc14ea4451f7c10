package web

import (
	"os"
	"strings"
	"testing"
)

// TestSpool: what is kept comes back, in memory and in a file, which has no
// name.
func TestSpool(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 3000} {
		s := spool[string]{dir: t.TempDir()}
		word := strings.Repeat("việc ", 100)
		for range n {
			if err := s.add(word); err != nil {
				t.Fatal(err)
			}
		}
		if (s.file != nil) != (n == 3000) {
			t.Errorf("%d values: a file: %t", n, s.file != nil)
		}
		if entries, err := os.ReadDir(s.dir); err != nil || len(entries) > 0 {
			t.Errorf("%d values: the directory has %v, %v", n, entries, err)
		}
		for range 2 {
			got := 0
			for v, err := range s.all() {
				if got++; err != nil || v != word {
					t.Fatalf("%d values: number %d is %q, %v", n, got, v, err)
				}
			}
			if got != n {
				t.Errorf("%d values came back, want %d", got, n)
			}
		}
		s.close()
	}
	s := spool[string]{dir: "/nowhere"}
	if err := s.add(strings.Repeat("x", inMemory)); err == nil {
		t.Error("no error without a directory")
	}
}
