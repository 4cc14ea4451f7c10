package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
)

// bbolt trusts its file: it crashes on one that is cut short, runs in circles
// where pages point back, and writes over a page that a wrong freelist calls
// free. So we look at the file ourselves, with its format (version 2) in the
// machine's byte order.
const (
	metaMagic   = 0xED0CDAED
	metaVersion = 2
	metaSize    = 64 // behind the page's head
	metaSumAt   = 56

	pageHead    = 16 // id, flags, count, overflow
	elementSize = 16 // of a branch or leaf page
	bucketHead  = 16 // root page, sequence

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	bucketFlag   = 0x01 // of a leaf's element
	bigFreelist  = 0xFFFF
	noFreelist   = ^uint64(0)

	deepest = 100 // each level has at least twice as many pages as the one above

	pageAtLeast = 512
	pageAtMost  = 64 << 10
)

// walkUpTo is the size of the largest file whose pages are all looked at before
// it is opened, which takes less than half a second when the disk is not what is
// waited for. Of a larger one only the pages are that lead to records, one in a
// hundred, so that a daemon is ready at once and nothing leads it in circles. The
// records have their checksums, and all pages are looked at in every copy of the
// file, so every night.
const (
	walkUpTo  = 256 << 20
	wholeFile = math.MaxUint64
)

var order = binary.NativeEndian

type metaPage struct {
	pageSize, root, freelist, pages, txid uint64
}

// readMeta reads a meta page; ok is false when it is not whole. A version that
// this program does not know is an error.
func readMeta(f *os.File, offset int64) (m metaPage, ok bool, err error) {
	b := make([]byte, metaSize)
	if _, err := f.ReadAt(b, offset+pageHead); err != nil {
		return m, false, nil
	}
	if order.Uint32(b) != metaMagic {
		return m, false, nil
	}
	sum := fnv.New64a()
	sum.Write(b[:metaSumAt])
	if order.Uint64(b[metaSumAt:]) != sum.Sum64() {
		return m, false, nil
	}
	if v := order.Uint32(b[4:]); v != metaVersion {
		return m, false, &Error{Path: f.Name(), What: fmt.Sprintf("the file has bbolt format %d, this program knows %d", v, metaVersion),
			Cure: cureNewer, Err: ErrNewer}
	}
	m = metaPage{
		pageSize: uint64(order.Uint32(b[8:])),
		root:     order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]),
		pages:    order.Uint64(b[40:]),
		txid:     order.Uint64(b[48:]),
	}
	return m, true, nil
}

// liveMeta returns the younger of the two meta pages that is whole.
func liveMeta(f *os.File) (metaPage, error) {
	meta, ok, err := readMeta(f, 0)
	if err != nil {
		return meta, err
	}
	if ok {
		second, whole, err := readMeta(f, int64(meta.pageSize))
		if err == nil && whole && second.txid > meta.txid {
			meta = second
		}
		return meta, err
	}
	// Where the second one is depends on the page size.
	for size := int64(pageAtLeast); size <= pageAtMost; size *= 2 {
		if meta, ok, err = readMeta(f, size); err != nil || ok && int64(meta.pageSize) == size {
			return meta, err
		}
	}
	return meta, damaged(f.Name(), "neither of its two head pages is whole")
}

// inspect refuses a file that bbolt would take for new, or on which it would
// crash when it opens it. It needs no lock: the process that holds it changes
// one meta at a time, and makes the file longer before a meta says so.
func inspect(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return damaged(f.Name(), "it is no regular file")
	}
	if info.Size() == 0 {
		return damaged(f.Name(), "the file is empty")
	}
	meta, err := liveMeta(f)
	if err != nil {
		return err
	}
	if info, err = f.Stat(); err != nil { // again, now that the meta is read
		return err
	}
	need := meta.pages * meta.pageSize
	switch {
	case meta.pageSize < pageAtLeast || meta.pageSize > pageAtMost ||
		meta.root >= meta.pages || meta.freelist >= meta.pages && meta.freelist != noFreelist:
		return damaged(f.Name(), "its head page makes no sense")
	case uint64(info.Size()) < need:
		return damaged(f.Name(), "the file is cut short: %d bytes, its pages need %d", info.Size(), need)
	}
	return nil
}

// walker looks at every page that is in use.
type walker struct {
	f     *os.File
	meta  metaPage
	used  []uint64 // or free: a bit a page
	depth int
	whole bool     // look at the buckets' leaves, too
	spare [][]byte // pages that were read and are done with
}

// checkPages looks at the freelist, and follows the pages from the root: each
// must be what it says it is, be reached once, not be called free, and hold its
// keys in order between those of the page above; and none may be neither reached
// nor free. In a file whose pages come to more than whole bytes the leaves of the
// buckets are not read. The store must be locked.
func checkPages(f *os.File, whole uint64) error {
	meta, err := liveMeta(f)
	if err != nil {
		return err
	}
	w := &walker{f: f, meta: meta, used: make([]uint64, meta.pages/64+1), whole: meta.pages*meta.pageSize <= whole}
	if w.whole && meta.pages*meta.pageSize <= walkUpTo { // a disk is fast in order only
		if _, err := io.Copy(io.Discard, io.NewSectionReader(f, 0, walkUpTo)); err != nil {
			return err
		}
	}
	if meta.freelist != noFreelist {
		if err := w.freelist(); err != nil {
			return err
		}
	}
	if err := w.walk(meta.root, allLevels, nil, nil); err != nil || !w.whole || meta.freelist == noFreelist {
		return err
	}
	return w.lost()
}

// lost reports a page that nothing leads to and that is not free either: what
// led to it is gone.
func (w *walker) lost() error {
	for id := uint64(2); id < w.meta.pages; id++ {
		if w.used[id/64]>>(id%64)&1 == 0 {
			return w.bad(id, "nothing leads to it, and it is not free")
		}
	}
	return nil
}

func (w *walker) bad(id uint64, format string, args ...any) error {
	return damaged(w.f.Name(), "page %d: %s", id, fmt.Sprintf(format, args...))
}

// take marks pages as seen; each may be seen once.
func (w *walker) take(id, n uint64) error {
	if id < 2 || id >= w.meta.pages || n > w.meta.pages-id {
		return w.bad(id, "there is no such page")
	}
	for i := id; i < id+n; i++ {
		if w.used[i/64]>>(i%64)&1 != 0 {
			return w.bad(i, "it is used twice, or is free and used")
		}
		w.used[i/64] |= 1 << (i % 64)
	}
	return nil
}

// read returns a page with those that continue it. Whoever is done with it puts
// it back.
func (w *walker) read(id uint64) (page []byte, flags uint16, count int, err error) {
	if id < 2 || id >= w.meta.pages {
		return nil, 0, 0, w.bad(id, "there is no such page")
	}
	if n := len(w.spare); n > 0 {
		page, w.spare = w.spare[n-1], w.spare[:n-1]
	} else {
		page = make([]byte, w.meta.pageSize)
	}
	if _, err := w.f.ReadAt(page, int64(id*w.meta.pageSize)); err != nil {
		return nil, 0, 0, err
	}
	if order.Uint64(page) != id {
		return nil, 0, 0, w.bad(id, "it calls itself page %d", order.Uint64(page))
	}
	n := 1 + uint64(order.Uint32(page[12:]))
	if err := w.take(id, n); err != nil {
		return nil, 0, 0, err
	}
	if n > 1 {
		w.putBack(page)
		page = make([]byte, n*w.meta.pageSize)
		_, err = w.f.ReadAt(page, int64(id*w.meta.pageSize))
	}
	return page, order.Uint16(page[8:]), int(order.Uint16(page[10:])), err
}

func (w *walker) putBack(page []byte) {
	if uint64(len(page)) == w.meta.pageSize {
		w.spare = append(w.spare, page)
	}
}

func (w *walker) freelist() error {
	id := w.meta.freelist
	page, flags, count, err := w.read(id)
	if err != nil {
		return err
	}
	ids := page[pageHead:]
	if flags != freelistPage {
		return w.bad(id, "it is no freelist")
	}
	if count == bigFreelist {
		n := order.Uint64(ids)
		if ids = ids[8:]; n > uint64(len(ids)/8) {
			return w.bad(id, "its count makes no sense")
		}
		count = int(n)
	}
	if count > len(ids)/8 {
		return w.bad(id, "its count makes no sense")
	}
	for i := range count {
		if err := w.take(order.Uint64(ids[8*i:]), 1); err != nil {
			return err
		}
	}
	return nil
}

// allLevels has every page looked at, down to the leaves.
const allLevels = -1

// height returns how many levels of branch pages a tree has: all its leaves lie
// on one level.
func (w *walker) height(root uint64) (levels int, err error) {
	page := make([]byte, pageHead+elementSize)
	for ; levels <= deepest; levels++ {
		if root < 2 || root >= w.meta.pages {
			return 0, w.bad(root, "there is no such page")
		}
		if _, err := w.f.ReadAt(page, int64(root*w.meta.pageSize)); err != nil {
			return 0, err
		}
		if order.Uint16(page[8:]) != branchPage {
			return levels, nil
		}
		root = order.Uint64(page[pageHead+8:])
	}
	return 0, w.bad(root, "it lies too deep")
}

// walk looks at the page and those below it on so many levels; of the pages
// below these it only takes note. Its keys are from low up to, not including,
// high; nil is no bound.
func (w *walker) walk(id uint64, levels int, low, high []byte) error {
	if levels == 0 {
		return w.take(id, 1)
	}
	page, flags, count, err := w.read(id)
	if err != nil {
		return err
	}
	defer w.putBack(page)
	if levels > 0 && flags != branchPage {
		return w.bad(id, "it is no branch")
	}
	return w.elements(id, page, flags, count, levels, low, high)
}

func (w *walker) elements(id uint64, page []byte, flags uint16, count, levels int, low, high []byte) error {
	w.depth++
	defer func() { w.depth-- }()
	if w.depth > deepest {
		return w.bad(id, "it lies too deep")
	}
	if flags != branchPage && flags != leafPage {
		return w.bad(id, "it is neither branch nor leaf")
	}
	if count > (len(page)-pageHead)/elementSize || flags == branchPage && count == 0 {
		return w.bad(id, "its count makes no sense")
	}
	for i := range count {
		key, value, err := w.element(id, page, flags, i)
		if err != nil {
			return err
		}
		next := high
		if i+1 < count {
			if next, _, err = w.element(id, page, flags, i+1); err != nil {
				return err
			}
			if bytes.Compare(key, next) >= 0 {
				return w.bad(id, "its keys are not in order")
			}
		}
		if low != nil && bytes.Compare(key, low) < 0 || high != nil && bytes.Compare(key, high) >= 0 {
			return w.bad(id, "its keys are not in order")
		}
		e := page[pageHead+i*elementSize:]
		switch {
		case flags == branchPage:
			err = w.walk(order.Uint64(e[8:]), max(levels-1, allLevels), key, next)
		case order.Uint32(e)&bucketFlag != 0:
			err = w.bucket(id, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// element returns a key of a page and, on a leaf, what belongs to it.
func (w *walker) element(id uint64, page []byte, flags uint16, i int) (key, value []byte, err error) {
	at := pageHead + i*elementSize
	e := page[at : at+elementSize]
	var pos, keySize, valueSize uint64
	if flags == branchPage {
		pos, keySize = uint64(order.Uint32(e)), uint64(order.Uint32(e[4:]))
	} else {
		pos, keySize, valueSize = uint64(order.Uint32(e[4:])), uint64(order.Uint32(e[8:])), uint64(order.Uint32(e[12:]))
	}
	start := uint64(at) + pos
	if start+keySize+valueSize > uint64(len(page)) {
		return nil, nil, w.bad(id, "an element lies outside")
	}
	return page[start : start+keySize], page[start+keySize : start+keySize+valueSize], nil
}

// bucket looks at a bucket, which has a page of its own or, when it is small,
// lies inside its value.
func (w *walker) bucket(id uint64, value []byte) error {
	if len(value) < bucketHead {
		return w.bad(id, "a bucket is cut short")
	}
	if root := order.Uint64(value); root != 0 {
		levels := allLevels
		if !w.whole {
			var err error
			if levels, err = w.height(root); err != nil {
				return err
			}
		}
		return w.walk(root, levels, nil, nil)
	}
	inline := value[bucketHead:]
	if len(inline) < pageHead {
		return w.bad(id, "a bucket is cut short")
	}
	return w.elements(id, inline, order.Uint16(inline[8:]), int(order.Uint16(inline[10:])), allLevels, nil, nil)
}
