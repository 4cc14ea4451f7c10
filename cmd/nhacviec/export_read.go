package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"nhacviec/tasks"
	"nhacviec/tasks/planfile"
	"nhacviec/web"
)

// readPlanFile reads a plan in any format: those in which offices keep it, and
// the JSON of export.
func readPlanFile(path string, opt planfile.Options) (planfile.Document, error) {
	if strings.EqualFold(filepath.Ext(path), ".json") {
		return readExported(path, opt.Limits)
	}
	return planfile.Read(path, opt)
}

// readExported reads a plan that export wrote as JSON.
func readExported(path string, limits planfile.Limits) (planfile.Document, error) {
	data, _, err := readRegular(path, limits.File)
	if _, named := errors.AsType[*fs.PathError](err); err != nil && !named {
		err = fmt.Errorf("%s: %w (max_file_mb of [import])", path, err)
	}
	if err != nil {
		return planfile.Document{}, err
	}
	var e web.Export
	in := json.NewDecoder(bytes.NewReader(data))
	in.DisallowUnknownFields()
	err = in.Decode(&e)
	if err == nil && in.More() {
		err = errors.New("something follows the plan")
	}
	if err != nil {
		at := in.InputOffset()
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = syntax.Offset
		}
		return planfile.Document{}, fmt.Errorf("%s:%d: not a plan that nhacviec exported: %w", path, 1+bytes.Count(data[:min(int(at), len(data))], []byte("\n")), err)
	}
	if len(e.Tasks) > limits.Rows {
		return planfile.Document{}, fmt.Errorf("%s: more than %d tasks, the max_rows of [import]", path, limits.Rows)
	}
	document := planfile.Document{Title: tasks.Clean(e.Plan.Title), Number: tasks.Clean(e.Plan.Number), Issued: e.Plan.Issued}
	for i, t := range e.Tasks {
		row := t.Row()
		row.Line = i + 1
		row.No = tasks.Number(tasks.Clean(string(row.No)))
		for _, text := range []*string{&row.Lead, &row.Coordinating, &row.Content, &row.Deadline, &row.Product, &row.Note} {
			if *text = tasks.Clean(*text); len(*text) > limits.Cell {
				return document, fmt.Errorf("%s: task %s: a text of more than %d KB, the max_cell_kb of [import]", path, row.No, limits.Cell>>10)
			}
		}
		if row.Content == "" {
			return document, fmt.Errorf("%s: task %s has no content", path, row.No)
		}
		document.Rows = append(document.Rows, row)
	}
	if len(document.Rows) == 0 {
		return document, fmt.Errorf("%s: no tasks in it", path)
	}
	return document, nil
}
