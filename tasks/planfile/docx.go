package planfile

import "fmt"

func (f file) readDOCX() (sheet, error) {
	return sheet{}, fmt.Errorf("%s: plans are not read from .docx files yet; save the plan as Markdown, name.md", f.name)
}
