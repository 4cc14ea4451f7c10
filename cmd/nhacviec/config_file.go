package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/pelletier/go-toml/v2/unstable"
)

const maxConfigSize = 1 << 20 // bytes; the example has some 20 kB

// tomlFile is a config file taken apart: its values, and where each stands.
type tomlFile struct {
	text   []byte         // without a byte order mark, lines ending in \n
	values map[string]any //
	lines  map[string]int // key, as keyPath and element write it -> line, from 1
}

// readTOML reads a file of TOML. What is wrong comes as a Problem without its
// File.
func readTOML(path string) (tomlFile, *Problem) {
	data, _, err := readRegular(path, maxConfigSize)
	if err != nil {
		return tomlFile{}, &Problem{Reason: "cannot read the config: " + cause(err)}
	}
	return parseTOML(data)
}

// parseTOML takes the positions with one library and the values with another:
// BurntSushi's tells no positions, and stops at the first wrong type.
func parseTOML(data []byte) (tomlFile, *Problem) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	f := tomlFile{text: data, values: map[string]any{}, lines: map[string]int{}}

	// The positions come first: their parser bounds how deep values nest.
	if line, err := f.locate(); err != nil {
		return f, f.syntaxProblem(line, err.Error())
	}
	if _, err := toml.Decode(string(data), &f.values); err != nil {
		var pe toml.ParseError
		if errors.As(err, &pe) {
			return f, f.syntaxProblem(pe.Position.Line, pe.Message)
		}
		return f, f.syntaxProblem(0, "the file is not valid TOML")
	}
	return f, nil
}

// secretive matches a line that may hold a secret, where none should be.
var secretive = regexp.MustCompile(`(?i)pass|token|secret|key|@|^\s*(email|telegram|zalo_bot|zalo_oa)\b`)

// defined matches what the parser says of a key or table that comes twice.
var defined = regexp.MustCompile(`^(?:toml: )?Key '(.+)' has already been defined\.?$`)

// syntaxProblem hides what the parser says of a line that may hold a secret:
// it quotes the text.
func (f *tomlFile) syntaxProblem(line int, message string) *Problem {
	lines := strings.Split(string(f.text), "\n")
	line = min(line, len(lines))
	if m := defined.FindStringSubmatch(message); m != nil {
		return &Problem{Line: line, Key: m[1], Reason: fmt.Sprintf("is there already, in line %d", f.lines[m[1]])}
	}
	if line > 0 && (secretive.MatchString(lines[line-1]) || private.MatchString(tableAt(lines[:line]))) {
		message = "the line is not valid TOML"
	}
	return &Problem{Line: line, Reason: strings.TrimSuffix(strings.TrimPrefix(message, "toml: "), ".")}
}

// tableAt returns the name of the table in which the last of the lines stands.
func tableAt(lines []string) string {
	for i := len(lines) - 1; i >= 0; i-- {
		if name, is := strings.CutPrefix(strings.TrimSpace(lines[i]), "["); is {
			name, _, _ = strings.Cut(name, "]")
			return strings.Trim(name, " \t")
		}
	}
	return ""
}

// locate fills lines. On an error it returns the line of the error too.
func (f *tomlFile) locate() (int, error) {
	var newlines []int
	for i, b := range f.text {
		if b == '\n' {
			newlines = append(newlines, i)
		}
	}
	lineAt := func(offset int) int { return sort.SearchInts(newlines, offset) + 1 }

	var p unstable.Parser
	p.Reset(f.text)
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = f.locateKey("", e.Key(), lineAt)
		case unstable.KeyValue:
			f.locateValue(f.locateKey(table, e.Key(), lineAt), e.Value(), lineAt)
		}
	}
	err := p.Error()
	var pe *unstable.ParserError
	if errors.As(err, &pe) {
		return lineAt(int(p.Range(pe.Highlight).Offset)), err
	}
	return 0, err
}

// locateKey notes the line of a possibly dotted key and of the tables in it,
// and returns its path.
func (f *tomlFile) locateKey(table string, parts unstable.Iterator, lineAt func(int) int) string {
	path := table
	for parts.Next() {
		n := parts.Node()
		path = keyPath(path, string(n.Data))
		if _, seen := f.lines[path]; !seen {
			f.lines[path] = lineAt(int(n.Raw.Offset))
		}
	}
	return path
}

// locateValue notes the lines of what stands inside a value.
func (f *tomlFile) locateValue(path string, v *unstable.Node, lineAt func(int) int) {
	it := v.Children()
	switch v.Kind {
	case unstable.Array:
		for i := 0; it.Next(); i++ {
			n := it.Node()
			if n.Raw.Length > 0 {
				f.lines[element(path, i)] = lineAt(int(n.Raw.Offset))
			}
			f.locateValue(element(path, i), n, lineAt)
		}
	case unstable.InlineTable:
		for it.Next() {
			n := it.Node()
			f.locateValue(f.locateKey(path, n.Key(), lineAt), n.Value(), lineAt)
		}
	}
}

// line returns the line of a key, or of the nearest thing around it.
func (f *tomlFile) line(path string) int {
	for path != "" {
		if n := f.lines[path]; n > 0 {
			return n
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 0
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// keyPath names a key of a table as TOML writes it: units.cong-an.
func keyPath(table, key string) string {
	if !bareKey.MatchString(key) {
		key = strconv.Quote(key)
	}
	if table == "" {
		return key
	}
	return table + "." + key
}

// element names one value of a list, from 0: units.cong-an.email[1].
func element(path string, i int) string {
	return fmt.Sprintf("%s[%d]", path, i)
}

// readRegular reads a regular file of at most limit bytes and returns its
// permissions too.
func readRegular(path string, limit int64) ([]byte, os.FileMode, error) {
	// Opening a named pipe would wait for ever, so look before.
	if info, err := os.Stat(path); err != nil {
		return nil, 0, err
	} else if !info.Mode().IsRegular() {
		return nil, 0, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	return data, info.Mode().Perm(), err
}

// cause returns why a file operation failed, without the path.
func cause(err error) string {
	var pe *os.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return err.Error()
}
