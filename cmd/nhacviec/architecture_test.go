package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// arrows says which packages of this module each package may import. Flow goes
// one way: everything meets in tasks, and only the command knows everyone.
var arrows = map[string][]string{
	"tasks":             {},
	"tasks/planfile":    {"tasks"},
	"tasks/store":       {"tasks"},
	"scheduler":         {"tasks"},
	"notify":            {"tasks"},
	"notify/notifytest": {"tasks"},
	"web":               {"tasks"},
	"cmd/nhacviec":      {"tasks", "tasks/planfile", "tasks/store", "scheduler", "notify", "notify/notifytest", "web"},
	"cmd/faults":        {"tasks", "tasks/store", "notify/notifytest"},
}

// owners says which packages alone may import a library.
var owners = map[string][]string{
	"go.etcd.io/bbolt":                                   {"tasks/store"},
	"github.com/wneessen/go-mail":                        {"notify"},
	"github.com/go-telegram-bot-api/telegram-bot-api/v5": {"notify"},
	"github.com/robfig/cron/v3":                          {"scheduler"},
	"github.com/BurntSushi/toml":                         {"cmd/nhacviec"},
	"github.com/yuin/goldmark":                           {"tasks/planfile"},
	"github.com/spf13/cobra":                             {"cmd/nhacviec"},
	"github.com/xuri/excelize/v2":                        {"tasks/planfile", "web"}, // reads plans; writes exports
}

// TestArrows holds the imports of every package to the arrows, the domain to
// the standard library and x/text, and each package to one package comment.
func TestArrows(t *testing.T) {
	t.Parallel()
	const module = "nhacviec"
	comments := map[string]int{}
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if name := e.Name(); name == "testdata" || strings.HasPrefix(name, ".") && name != ".." {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		dir, err := filepath.Rel("../..", filepath.Dir(path))
		if err != nil {
			return err
		}
		dir = filepath.ToSlash(dir)
		allowed, known := arrows[dir]
		if !known {
			t.Errorf("%s: package %s has no place in the house", path, dir)
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		if file.Doc != nil {
			comments[dir]++
		}
		for _, spec := range file.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			inner, ours := strings.CutPrefix(imported, module+"/")
			switch {
			case ours && !slices.Contains(allowed, inner):
				t.Errorf("%s imports %s: against the arrows", path, imported)
			case imported == "testing":
				t.Errorf("%s imports testing into the product", path)
			case dir == "tasks" && !ours && strings.Contains(imported, ".") && !strings.HasPrefix(imported, "golang.org/x/text/"):
				t.Errorf("%s imports %s: the domain is pure", path, imported)
			}
			if owner, owned := owners[imported]; owned && !slices.Contains(owner, dir) && dir != "notify/notifytest" {
				t.Errorf("%s imports %s, which belongs to %s", path, imported, strings.Join(owner, " and "))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir := range arrows {
		if comments[dir] != 1 {
			t.Errorf("package %s has %d package comments, want 1", dir, comments[dir])
		}
	}
}
