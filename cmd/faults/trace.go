//go:build linux

package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// diskOp is one thing that a process did to its store, or said to the world,
// in the order in which it happened.
type diskOp struct {
	kind string // "write", "truncate", "sync", "link", "rename", "unlink", "syncdir", "say"
	file int    // which file: the same for all its names
	at   int64  // write: the offset; truncate: the size
	data []byte // write; say
	name string // link, rename: the new name; unlink: the name
	fd   int    // say

	through int // sync: writes before this index were done when it began
}

// straceArgs runs a command so that trace can be read with readTrace. The
// tracer is a grandchild (-D): signals and exit codes are the command's own.
func straceArgs(trace string) []string {
	return []string{"strace", "-f", "-D", "-qq", "-xx", "-y", "-s", "33554432", "-e", "signal=none",
		"-e", "trace=write,pwrite64,ftruncate,fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat", "-o", trace}
}

var (
	traceLine  = regexp.MustCompile(`^(\d+) +(?:<\.\.\. )?([a-z0-9]+)(?:\(| resumed>)(.*)$`)
	traceEnd   = regexp.MustCompile(`\) += (-?\d+)`)
	descriptor = regexp.MustCompile(`^(\d+)<((?:\\x[0-9a-f]{2})*)>`)
	traceText  = regexp.MustCompile(`"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?`)
)

// tracer turns the lines of strace into ops on files whose path begins with
// prefix.
type tracer struct {
	prefix  string
	ops     []diskOp
	names   map[string]int // path -> file
	files   int
	pending map[string]string // pid -> the call that is not finished
	begun   map[string]int    // pid -> number of ops when its call began
}

// readTrace reads what a process did to the files whose path begins with
// prefix, and all it wrote to other descriptors. The file that is there already
// is file 0, at the path prefix.
func readTrace(trace, prefix string) ([]diskOp, error) {
	f, err := os.Open(trace)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t := &tracer{prefix: prefix, names: map[string]int{prefix: 0}, files: 1, pending: map[string]string{}, begun: map[string]int{}}
	lines := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			if err := t.read(strings.TrimSuffix(line, "\n")); err != nil {
				return nil, fmt.Errorf("strace: %w: %.200s", err, line)
			}
		}
		if err != nil {
			return t.ops, nil
		}
	}
}

// read takes one line. A call that other threads interrupt comes in two: what
// it writes counts from its beginning, what it makes durable from its end.
func (t *tracer) read(line string) error {
	m := traceLine.FindStringSubmatch(line)
	if m == nil {
		return nil // a signal, an exit
	}
	pid, call, rest := m[1], m[2], m[3]
	if strings.HasSuffix(rest, "<unfinished ...>") {
		t.begun[pid], t.pending[pid] = len(t.ops), rest
		if call == "write" || call == "pwrite64" || call == "ftruncate" {
			return t.apply(call, strings.TrimSuffix(rest, "<unfinished ...>")+") = 0", len(t.ops))
		}
		return nil
	}
	begun := len(t.ops)
	if strings.Contains(line, "resumed>") {
		begun, rest = t.begun[pid], strings.TrimSuffix(t.pending[pid], "<unfinished ...>")+rest
		if call == "write" || call == "pwrite64" || call == "ftruncate" {
			return nil
		}
	}
	return t.apply(call, rest, begun)
}

// apply notes a call that ended well.
func (t *tracer) apply(call, rest string, begun int) error {
	end := traceEnd.FindStringSubmatch(rest)
	if end == nil || strings.HasPrefix(end[1], "-") {
		return nil
	}
	var texts []string
	for _, m := range traceText.FindAllStringSubmatch(rest, -1) {
		if m[2] != "" {
			return fmt.Errorf("%s with a text cut short", call)
		}
		b, err := hex.DecodeString(strings.ReplaceAll(m[1], `\x`, ""))
		if err != nil {
			return err
		}
		texts = append(texts, string(b))
	}
	fd, file, ours := t.target(rest)
	switch call {
	case "pwrite64", "write":
		if ours && file >= 0 && call == "pwrite64" {
			parts := strings.Split(rest[strings.LastIndexByte(rest, '"'):], ",")
			offset, err := strconv.ParseInt(strings.TrimSpace(strings.SplitN(parts[len(parts)-1], ")", 2)[0]), 10, 64)
			if err != nil {
				return err
			}
			t.ops = append(t.ops, diskOp{kind: "write", file: file, at: offset, data: []byte(texts[0])})
		} else if ours && file >= 0 {
			return fmt.Errorf("the store is written with write")
		} else if len(texts) > 0 {
			t.ops = append(t.ops, diskOp{kind: "say", fd: fd, data: []byte(texts[0])})
		}
	case "ftruncate":
		if ours {
			size, err := strconv.ParseInt(strings.TrimSpace(strings.SplitN(strings.SplitN(rest, ",", 2)[1], ")", 2)[0]), 10, 64)
			if err != nil {
				return err
			}
			t.ops = append(t.ops, diskOp{kind: "truncate", file: file, at: size})
		}
	case "fsync", "fdatasync":
		if ours && file >= 0 {
			t.ops = append(t.ops, diskOp{kind: "sync", file: file, through: begun})
		} else if ours {
			t.ops = append(t.ops, diskOp{kind: "syncdir", through: begun})
		}
	case "link", "linkat", "rename", "renameat", "renameat2":
		t.named(call, texts)
	case "unlink", "unlinkat":
		if _, ok := t.names[texts[0]]; ok {
			t.ops = append(t.ops, diskOp{kind: "unlink", name: texts[0]})
			delete(t.names, texts[0])
		}
	}
	return nil
}

// target returns the descriptor of a call and its file, -1 for the directory;
// ours says that it is one of the store's.
func (t *tracer) target(rest string) (fd, file int, ours bool) {
	m := descriptor.FindStringSubmatch(rest)
	if m == nil {
		return -1, 0, false
	}
	fd, _ = strconv.Atoi(m[1])
	name, err := hex.DecodeString(strings.ReplaceAll(m[2], `\x`, ""))
	path := string(name)
	switch {
	case err != nil || !strings.HasPrefix(path, t.prefix) && path != filepath.Dir(t.prefix):
		return fd, 0, false
	case path == filepath.Dir(t.prefix):
		return fd, -1, true
	}
	if _, known := t.names[path]; !known {
		t.names[path] = t.files
		t.files++
	}
	return fd, t.names[path], true
}

func (t *tracer) named(call string, texts []string) {
	file, ok := t.names[texts[0]]
	if !ok || len(texts) < 2 {
		return
	}
	t.names[texts[1]] = file
	kind := "link"
	if strings.HasPrefix(call, "rename") {
		kind = "rename"
		delete(t.names, texts[0])
	}
	t.ops = append(t.ops, diskOp{kind: kind, file: file, name: texts[1]})
}
