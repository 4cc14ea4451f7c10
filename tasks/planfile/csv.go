package planfile

import "fmt"

func (f file) readCSV() (sheet, error) {
	return sheet{}, fmt.Errorf("%s: plans are not read from .csv files yet; save the plan as Markdown, name.md", f.name)
}
