package planfile

import "fmt"

func (f file) readXLSX() (sheet, error) {
	return sheet{}, fmt.Errorf("%s: plans are not read from .xlsx files yet; save the plan as Markdown, name.md", f.name)
}
