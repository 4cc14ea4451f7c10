package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"nhacviec/web"
)

// exported is what export says it did.
type exported struct {
	Plan  string `json:"plan"`
	File  string `json:"file"`
	Tasks int    `json:"tasks"`
}

func newExportCommand(a *app) *cobra.Command {
	var plan string
	var force bool
	cmd := &cobra.Command{
		Use:   "export FILE",
		Short: "Write a plan with the status of its tasks into a file",
		Long: `Export writes a plan into a file whose name ends in .xlsx, .csv or .json, in the
columns of an annex, with each task's status beside it; cancelled tasks are left
out. The deadline is in the plan's own words and what a person made of it in the
status, so that import reads an .xlsx or .csv again without a change. Cells that
a spreadsheet program would calculate are made harmless.

A file that is there already is replaced only with --force, whole or not at all.
With - the plan goes to standard output: CSV, or JSON with --json.`,
		Example: `  nhacviec export theo-doi.xlsx --plan ct05
  nhacviec export theo-doi.csv --force
  nhacviec export - --json`,
		Args: arguments("FILE, a name in .xlsx, .csv or .json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := args[0]
			write, err := a.exportFormat(path)
			if err != nil {
				return err
			}
			if err := mayWrite(path, force); err != nil {
				return err
			}
			return a.ask(cmd.Context(), reads, func(ctx context.Context, c *web.Client) error {
				e, err := c.Export(ctx, plan)
				if err != nil {
					return err
				}
				var file bytes.Buffer
				a.during("writing "+filepath.Base(path), func() { err = write(e, &file) })
				if err != nil {
					return err
				}
				if path == "-" {
					_, err := file.WriteTo(a.stdout)
					return err
				}
				if err := replaceFile(path, file.Bytes()); err != nil {
					return err
				}
				done := exported{e.Plan.ID, path, len(e.Tasks)}
				return a.printDone(done, func() error {
					return a.printLine(fmt.Sprintf("%s: %s of plan %s", path, plural(done.Tasks, "task"), done.Plan))
				})
			})
		},
	}
	cmd.Flags().StringVar(&plan, "plan", "", "the plan, when several are stored")
	cmd.Flags().BoolVar(&force, "force", false, "replace the file if it is there already")
	return cmd
}

// exportFormat returns what writes the format that a file's name tells.
func (a *app) exportFormat(path string) (func(web.Export, io.Writer) error, error) {
	asJSON := func(e web.Export, w io.Writer) error {
		out := json.NewEncoder(w)
		out.SetEscapeHTML(false)
		out.SetIndent("", "  ")
		return out.Encode(e)
	}
	switch ext := strings.ToLower(filepath.Ext(path)); {
	case path == "-" && a.json, ext == ".json":
		return asJSON, nil
	case path == "-", ext == ".csv":
		return web.Export.WriteCSV, nil
	case ext == ".xlsx":
		return web.Export.WriteXLSX, nil
	}
	return nil, web.Usage(fmt.Sprintf("%s: the name does not tell a format", path), "end it in .xlsx, .csv or .json")
}

// mayWrite refuses a file that is there and may not be replaced.
func mayWrite(path string, force bool) error {
	if path == "-" || force {
		return nil
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return err
		}
		return web.Failure(path+" is there already; nothing was written", "give another name, or replace it: --force")
	}
	return nil
}

// replaceFile writes a file beside its place and moves it there when it is
// whole.
func replaceFile(path string, data []byte) (err error) {
	part := fmt.Sprintf("%s.%d.part", path, os.Getpid())
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(part)
		}
	}()
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(part, path)
}
