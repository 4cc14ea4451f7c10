package main

import (
	"reflect"

	"nhacviec/tasks/planfile"
)

// importLimits checks the [import] table.
func (c *checker) importLimits(t importTable) planfile.Limits {
	limits := planfile.DefaultLimits()
	return planfile.Limits{
		File:     int64(c.between("import.max_file_mb", t.MaxFileMB, 1, 1<<10, int(limits.File>>20))) << 20,
		Unpacked: int64(c.between("import.max_unpacked_mb", t.MaxUnpackedMB, 1, 4<<10, int(limits.Unpacked>>20))) << 20,
		Rows:     c.between("import.max_rows", t.MaxRows, 1, 2_000_000, limits.Rows),
		Cell:     c.between("import.max_cell_kb", t.MaxCellKB, 1, 1<<10, limits.Cell>>10) << 10,
	}
}

// loadImportLimits reads the [import] table of a config file and nothing else:
// a mistake elsewhere does not stand between a plan and a running daemon. Of a
// file that is no TOML LoadConfig says what is wrong.
func loadImportLimits(path string) (planfile.Limits, error) {
	file, problem := readTOML(path)
	if problem != nil {
		return planfile.DefaultLimits(), nil
	}
	c := checker{name: path, file: file, refused: map[string]bool{}}
	var t importTable
	if table, ok := file.values["import"]; ok {
		c.fill(reflect.ValueOf(&t).Elem(), table, "import")
	}
	limits := c.importLimits(t)
	if len(c.problems) > 0 {
		return limits, &ConfigError{Problems: c.problems}
	}
	return limits, nil
}
