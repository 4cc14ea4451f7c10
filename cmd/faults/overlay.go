//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// patch is a change of one source file of the product, for a build of the
// harness alone. With old empty it is a file that does not exist.
type patch struct {
	file     string // from the root of the module
	old, new string // old stands in the file exactly once
}

// build builds the program with some patches applied, and returns the path of
// the binary. Nothing of the source tree is changed.
func (l *lab) build(ctx context.Context, name string, patches []patch) (string, error) {
	binary := filepath.Join(l.dir, name, "nhacviec")
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return "", err
	}
	args := []string{"build", "-o", binary}
	if len(patches) > 0 {
		overlay, err := l.overlay(filepath.Dir(binary), patches)
		if err != nil {
			return "", fmt.Errorf("build %q: %w", name, err)
		}
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/nhacviec")...)
	cmd.Dir = l.root
	_, err := output(cmd)
	l.spent.add(cmd.ProcessState)
	if err != nil {
		return "", fmt.Errorf("build %q: %w", name, err)
	}
	return binary, nil
}

// overlay writes the patched files and the list of them that go build reads.
func (l *lab) overlay(dir string, patches []patch) (string, error) {
	texts := map[string]string{}
	for _, p := range patches {
		path := filepath.Join(l.root, filepath.FromSlash(p.file))
		text, read := texts[path]
		if !read && p.old != "" {
			b, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			text = string(b)
		}
		if p.old == "" {
			if _, err := os.Stat(path); err == nil {
				return "", fmt.Errorf("the patch makes %s, which exists", p.file)
			}
			texts[path] = p.new
			continue
		}
		if n := strings.Count(text, p.old); n != 1 {
			return "", fmt.Errorf("a patch no longer fits: %s has these lines %d times, and the harness must follow the product:\n%s", p.file, n, p.old)
		}
		texts[path] = strings.Replace(text, p.old, p.new, 1)
	}
	replace := map[string]string{}
	for path, text := range texts {
		rel, err := filepath.Rel(l.root, path)
		if err != nil {
			return "", err
		}
		name := filepath.Join(dir, strings.ReplaceAll(rel, string(filepath.Separator), "_"))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[path] = name
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, list, 0o600)
}
