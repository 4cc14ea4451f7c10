//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"regexp"
)

// What the program has said of a delivery.
const (
	known   byte = 1 // "planned": it waits in the store
	begun   byte = 2 // bytes with its id went to a server: its attempt is recorded
	settled byte = 3 // "sent": so says the ledger
)

// replay goes through a recording and builds the disks that a power cut could
// leave at each of its moments.
type replay struct {
	name   string
	path   string // of the store
	ops    []diskOp
	base   []byte          // the store at the beginning; nil: none
	ids    []string        // of the deliveries that the daemon planned
	told   map[string]byte // what was said of deliveries before
	tasks  int             // how many were imported before
	old    bool            // the store is of an older schema
	states int             // how many to look at
	rng    *rand.Rand

	durable map[int][]byte // what is on the disk for sure
	loose   []int          // ops that may be, or not
	place   int            // the file at path for sure; -1: none
	moves   []int          // ops that may have given path another file

	claimed  []claim // in the order in which the program said so
	imported bool
	seen     map[uint64]bool
	seed     maphash.Seed
	checked  int
}

// claim is what the program said of one delivery. Of several about the same
// the last one goes furthest.
type claim struct {
	id   string
	what byte
}

// state is one disk after a power cut, and what it must know.
type state struct {
	number  int    // from 1
	data    []byte // of the store; nil: there is none
	claimed []claim
	old     bool // opening it changes it: it is of an older schema
	tasks   int  // at least so many
	at      int
	how     string
}

// manyTries is how many disks in a row may be like earlier ones until a moment
// is taken to have no others.
const manyTries = 12

// run goes through the ops. After each it gives look some of the disks that a
// power cut could leave then: an equal share of what is still to be looked at,
// as far as there are so many different ones. look may keep what it gets.
func (r *replay) run(ctx context.Context, look func(state)) error {
	r.durable, r.place = map[int][]byte{}, -1
	r.seen, r.seed = map[uint64]bool{}, maphash.MakeSeed()
	if r.base != nil {
		r.durable[0], r.place = bytes.Clone(r.base), 0
	}
	for id, what := range r.told {
		r.claimed = append(r.claimed, claim{id, what})
	}
	moments := len(r.ops) - count(r.ops, "say")
	for i := range r.ops {
		r.apply(i)
		if r.ops[i].kind != "say" {
			moments--
		}
		share, idle := max(r.states-r.checked, 0)/max(moments, 1)+4, 0
		for n := 0; share > 0 && idle < manyTries && ctx.Err() == nil; n++ {
			data, how := r.cut(n)
			if !r.fresh(data) {
				idle++
				continue
			}
			idle, share = 0, share-1
			r.checked++
			s := state{number: r.checked, data: data, claimed: r.claimed[:len(r.claimed):len(r.claimed)], old: r.old, tasks: r.tasks, at: i, how: how}
			if r.imported {
				s.tasks = max(s.tasks, 1)
			}
			look(s)
		}
	}
	return ctx.Err()
}

var (
	sentLine  = regexp.MustCompile(`msg=sent id=([a-z2-7]{26})`)
	messageID = regexp.MustCompile(`(?i)Message-ID: <([a-z2-7]{26})@`)
)

// apply takes one op into the account.
func (r *replay) apply(i int) {
	op := r.ops[i]
	switch op.kind {
	case "write", "truncate":
		r.loose = append(r.loose, i)
	case "sync":
		var still []int
		for _, n := range r.loose {
			if r.ops[n].file == op.file && n < op.through {
				r.durable[op.file] = change(r.durable[op.file], r.ops[n], nil)
			} else {
				still = append(still, n)
			}
		}
		r.loose = still
	case "link", "rename", "unlink":
		if op.name == r.path {
			r.moves = append(r.moves, i)
		}
	case "syncdir":
		for _, n := range r.moves {
			r.place = r.ops[n].file
			if r.ops[n].kind == "unlink" {
				r.place = -1
			}
		}
		r.moves = nil
	case "say":
		r.hear(op)
	}
}

// said counts what the program has said so far.
func (r *replay) said() int {
	if r.imported {
		return len(r.claimed) + 1
	}
	return len(r.claimed)
}

// hear takes note of what the program says.
func (r *replay) hear(op diskOp) {
	say := func(id string, what byte) {
		if r.told == nil {
			r.told = map[string]byte{}
		}
		if r.told[id] < what {
			r.told[id] = what
			r.claimed = append(r.claimed, claim{id, what})
		}
	}
	switch op.fd {
	case 1:
		r.imported = true
	case 2:
		for _, m := range sentLine.FindAllSubmatch(op.data, -1) {
			say(string(m[1]), settled)
		}
		if bytes.Contains(op.data, []byte("msg=planned")) {
			for _, id := range r.ids {
				say(id, known)
			}
		}
	default:
		for _, m := range messageID.FindAllSubmatch(op.data, -1) {
			say(string(m[1]), begun)
		}
	}
}

// sector is what a disk writes whole or not at all.
const sector = 512

// change applies a write to a file's bytes, in place as far as they reach. keep
// says which of its sectors came through; nil: all.
func change(data []byte, op diskOp, keep func(sector int) bool) []byte {
	end := op.at + int64(len(op.data))
	if op.kind == "truncate" && end <= int64(len(data)) {
		return data[:end]
	}
	if more := end - int64(len(data)); more > 0 {
		data = append(data, make([]byte, more)...)
	}
	for at := 0; at < len(op.data); at += sector {
		if keep == nil || keep(at/sector) {
			copy(data[op.at+int64(at):], op.data[at:min(at+sector, len(op.data))])
		}
	}
	return data
}

// cut returns the store after a power cut now, in the n-th of many ways.
func (r *replay) cut(n int) (data []byte, how string) {
	file := r.place
	if len(r.moves) > 0 && r.rng.IntN(2) == 0 {
		last := r.ops[r.moves[r.rng.IntN(len(r.moves))]]
		if file = last.file; last.kind == "unlink" {
			file = -1
		}
	}
	if file < 0 {
		return nil, "no file"
	}
	var loose []diskOp
	for _, i := range r.loose {
		if r.ops[i].file == file {
			loose = append(loose, r.ops[i])
		}
	}
	data = append([]byte{}, r.durable[file]...) // never nil
	half := func(int) bool { return r.rng.IntN(2) == 0 }
	switch {
	case n == 0 || len(loose) == 0:
		return data, "nothing of what was not durable"
	case n == 1:
		for _, op := range loose {
			data = change(data, op, nil)
		}
		return data, "all of it"
	case n%4 == 0:
		last := r.rng.IntN(len(loose))
		for _, op := range loose[:last] {
			data = change(data, op, nil)
		}
		front := r.rng.IntN(len(loose[last].data)/sector + 1)
		return change(data, loose[last], func(n int) bool { return n < front }), "the first of it, the last one torn"
	case n%4 == 1:
		for _, op := range loose {
			if half(0) {
				data = change(data, op, nil)
			}
		}
		return data, "some of it"
	case n%4 == 2:
		for _, op := range loose {
			data = change(data, op, half)
		}
		return data, "all of it torn"
	}
	for _, op := range loose {
		data = change(data, op, nil)
	}
	if op := loose[r.rng.IntN(len(loose))]; op.kind == "write" {
		at := op.at + int64(r.rng.IntN(len(op.data)/sector+1))*sector
		for b := at; b < min(at+sector, op.at+int64(len(op.data)), int64(len(data))); b++ {
			data[b] = byte(r.rng.Uint32())
		}
	}
	return data, "all of it, one sector trash"
}

// fresh reports whether a state was not looked at before with the same claims.
func (r *replay) fresh(data []byte) bool {
	var h maphash.Hash
	h.SetSeed(r.seed)
	h.Write(data)
	fmt.Fprintf(&h, "|%t|%d", data == nil, r.said())
	sum := h.Sum64()
	if r.seen[sum] {
		return false
	}
	r.seen[sum] = true
	return true
}
