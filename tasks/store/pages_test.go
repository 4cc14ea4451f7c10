package store

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nhacviec/tasks"
)

// branching makes a store file with some hundred pages that have branch pages
// above them, and returns these.
func branching(t *testing.T) (file []byte, branches []int) {
	s := newStore(t)
	var tt []tasks.Task
	for i := range 1500 {
		tt = append(tt, task(strconv.Itoa(i), tasks.Ongoing))
	}
	load(t, s, tt...)
	path := s.Path()
	must(t, s.Close())
	file = get1[[]byte](t)(os.ReadFile(path))
	size := os.Getpagesize()
	for at := 2 * size; at < len(file); at += size {
		// Those in use: the last commits left others behind.
		if page := file[at:]; order.Uint16(page[8:]) == branchPage && order.Uint64(page) == uint64(at/size) && inUse(t, path, at) {
			branches = append(branches, at)
		}
	}
	if len(branches) < 2 {
		t.Fatalf("%d branch pages in %d pages", len(branches), len(file)/size)
	}
	return file, branches
}

// inUse reports whether the walk comes to a page.
func inUse(t *testing.T, path string, at int) bool {
	f := get1[*os.File](t)(os.Open(path))
	defer f.Close()
	meta := get1[metaPage](t)(liveMeta(f))
	w := &walker{f: f, meta: meta, used: make([]uint64, meta.pages/64+1)}
	must(t, w.walk(meta.root, allLevels, nil, nil))
	id := at / os.Getpagesize()
	return w.used[id/64]>>(id%64)&1 != 0
}

// TestLargeFilesLeadNobodyInCircles spoils what leads to records: it is found
// whether or not the leaves are looked at.
func TestLargeFilesLeadNobodyInCircles(t *testing.T) {
	t.Parallel()
	good, branches := branching(t)
	at := branches[len(branches)-1]
	put := func(b []byte, v int) { binary.NativeEndian.PutUint64(b, uint64(v/os.Getpagesize())) }
	for name, c := range map[string]struct {
		spoil func(page []byte) // and what follows
		says  string
	}{
		"as it was":                 {func([]byte) {}, ""},
		"points at itself":          {func(page []byte) { put(page[pageHead+8:], at) }, ""},
		"points at another branch":  {func(page []byte) { put(page[pageHead+elementSize+8:], branches[0]) }, ""},
		"points behind the end":     {func(page []byte) { put(page[pageHead+8:], 1<<40) }, "there is no such page"},
		"points twice at one leaf":  {func(page []byte) { copy(page[pageHead+8:pageHead+16], page[pageHead+elementSize+8:]) }, ""},
		"keys not in order":         {func(page []byte) { copy(page[pageHead:], page[pageHead+elementSize:pageHead+2*elementSize]) }, ""},
		"an element outside":        {func(page []byte) { order.PutUint32(page[pageHead+4:], 1<<30) }, "an element lies outside"},
		"another page in its place": {func(page []byte) { order.PutUint64(page, 7) }, "it calls itself page 7"},
		"a leaf in its place":       {func(page []byte) { order.PutUint16(page[8:], leafPage) }, ""}, // which only the whole walk finds,
		"too long":                  {func(page []byte) { order.PutUint32(page[12:], 1<<30) }, "there is no such page"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := slices.Clone(good)
			c.spoil(b[at:])
			path := filepath.Join(t.TempDir(), "nhacviec.db")
			must(t, os.WriteFile(path, b, 0o600))
			f := get1[*os.File](t)(os.Open(path))
			defer f.Close()
			for _, whole := range []uint64{0, wholeFile} {
				err := checkPages(f, whole)
				if name == "as it was" || name == "a leaf in its place" && whole == 0 {
					must(t, err)
				} else if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("whole %v: %v", whole > 0, err)
				}
			}
		})
	}
}

// BenchmarkCheckPages walks the file of 200,000 sent messages.
func BenchmarkCheckPages(b *testing.B) {
	s := sentStore(b, 200_000)
	size := get1[os.FileInfo](b)(s.file.Stat()).Size()
	for name, whole := range map[string]uint64{"whole": wholeFile, "branches": 0} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				must(b, checkPages(s.file, whole))
			}
		})
	}
}
