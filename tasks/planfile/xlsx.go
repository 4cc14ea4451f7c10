package planfile

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/xuri/excelize/v2"

	"nhacviec/tasks"
)

// readXLSX reads the sheet of a workbook that was asked for, or the only one
// with a task table.
func (f file) readXLSX() (sheet, error) {
	w, err := openWorkbook(f)
	if err != nil {
		return sheet{}, err
	}
	defer w.book.Close()
	if f.sheet != "" {
		for _, ws := range w.sheets {
			if strings.EqualFold(tasks.Clean(ws.name), tasks.Clean(f.sheet)) {
				return w.only(ws)
			}
		}
		return sheet{}, fmt.Errorf("%s: no sheet %q; its sheets are %s", f.name, f.sheet, sheetNames(w.sheets))
	}
	if len(w.sheets) == 1 {
		return w.only(w.sheets[0])
	}
	return w.choose()
}

// only returns a sheet that is the plan's whatever it holds.
func (w *workbook) only(ws worksheet) (sheet, error) {
	g, err := w.read(ws)
	if err == nil {
		err = g.err
	}
	if err != nil {
		return sheet{}, err
	}
	return g.split(), nil
}

// choose returns the only sheet with a task table.
func (w *workbook) choose() (sheet, error) {
	var plans []grid
	var with []worksheet
	var others []string
	var unread error
	for _, ws := range w.sheets {
		g, err := w.read(ws)
		switch {
		case err != nil:
			return sheet{}, err
		case g.headed():
			plans, with = append(plans, g), append(with, ws)
		case g.err != nil:
			unread = g.err
			fallthrough
		case len(g.rows) > 0:
			others = append(others, fmt.Sprintf("sheet %s: not read, it has no task table", ws.name))
		}
	}
	switch {
	case len(plans) == 0 && unread != nil:
		return sheet{}, unread
	case len(plans) == 0:
		return sheet{}, fmt.Errorf("%s: no sheet with a task table, which wants a header row such as: STT, Nội dung, Đơn vị phối hợp, Thời gian, Sản phẩm, Ghi chú; its sheets are %s", w.name, sheetNames(w.sheets))
	case len(plans) > 1:
		return sheet{}, fmt.Errorf("%s: %d sheets with a task table; name the one to read with --sheet: %s", w.name, len(plans), sheetNames(with))
	case plans[0].err != nil:
		return sheet{}, plans[0].err
	}
	s := plans[0].split()
	s.notices = append(s.notices, others...)
	return s, nil
}

func sheetNames(sheets []worksheet) string {
	const most = 20
	var names []string
	for i, ws := range sheets {
		if i == most {
			names = append(names, "…")
			break
		}
		name := fmt.Sprintf("%q", ws.name)
		if ws.hidden {
			name += " (hidden)"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// workbook is an open XLSX file.
type workbook struct {
	file
	zip      *archive
	book     *excelize.File
	sheets   []worksheet
	from1904 bool
	texts    int                  // shared texts
	formats  map[int]numberFormat // by a cell's style
}

// worksheet is a sheet of a workbook; charts are none.
type worksheet struct {
	name   string
	hidden bool
	part   *zip.File
}

// sheet returns a sheet for errors, with nothing in it yet.
func (w *workbook) sheet(ws worksheet) sheet {
	return sheet{name: w.name, where: func(line int) string { return fmt.Sprintf("sheet %s, row %d", ws.name, line) }}
}

// openWorkbook finds the parts of a workbook, looks through them, and hands
// those that are needed to the library; pictures and the like never reach it.
func openWorkbook(f file) (*workbook, error) {
	z, err := openZip(f)
	if err != nil {
		return nil, err
	}
	w := &workbook{file: f, zip: z}
	keep := parts{}
	root, err := w.relations("", keep)
	if err != nil {
		return nil, err
	}
	main := ""
	for _, r := range root {
		if strings.HasSuffix(r.Type, "/officeDocument") {
			main = r.Target
		}
	}
	if !strings.HasSuffix(main, ".xml") {
		return nil, fmt.Errorf("%s: no workbook in it; open it in Excel and save it as .xlsx", f.name)
	}
	if err := w.contents(main, keep); err != nil {
		return nil, err
	}
	return w, w.open(keep)
}

// parts are the parts for the library, by the names under which it looks for
// them.
type parts map[string]*zip.File

// contents reads the list of sheets, and looks through the parts that all
// sheets share.
func (w *workbook) contents(main string, keep parts) error {
	var list struct {
		Properties struct {
			From1904 bool `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string     `xml:"name,attr"`
			State string     `xml:"state,attr"`
			Attrs []xml.Attr `xml:",any,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := w.decode(main, keep, &list); err != nil {
		return err
	}
	w.from1904 = list.Properties.From1904
	relations, err := w.relations(main, keep)
	if err != nil {
		return err
	}
	byID := map[string]relation{}
	for _, r := range relations {
		byID[r.ID] = r
		switch {
		case strings.HasSuffix(r.Type, "/sharedStrings"):
			err = w.keepPart(r.Target, "xl/sharedStrings.xml", keep, w.countTexts)
		case strings.HasSuffix(r.Type, "/styles"):
			err = w.keepPart(r.Target, "xl/styles.xml", keep, w.look)
		}
		if err != nil {
			return err
		}
	}
	seen := map[string]bool{}
	for _, s := range list.Sheets {
		ws := worksheet{name: s.Name, hidden: s.State == "hidden" || s.State == "veryHidden"}
		for _, a := range s.Attrs {
			if r := byID[a.Value]; a.Name.Local == "id" && strings.HasSuffix(r.Type, "/worksheet") {
				if ws.part, err = w.part(r.Target); err != nil {
					return err
				}
				keep[r.Target] = ws.part
			}
		}
		if ws.part == nil {
			continue
		}
		if name := strings.ToLower(s.Name); seen[name] {
			return fmt.Errorf("%s: has two sheets %q; open it in Excel and save it anew", w.name, s.Name)
		} else {
			seen[name] = true
		}
		w.sheets = append(w.sheets, ws)
	}
	if len(w.sheets) == 0 {
		return fmt.Errorf("%s: no sheet in it; open it in Excel and save it as .xlsx", w.name)
	}
	return nil
}

type relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"` // made a name from the root of the archive
	Mode   string `xml:"TargetMode,attr"`
}

// relations reads what a part refers to; "" is the archive itself.
func (w *workbook) relations(of string, keep parts) ([]relation, error) {
	var list struct {
		Relations []relation `xml:"Relationship"`
	}
	dir, name := path.Split(of)
	if err := w.decode(dir+"_rels/"+name+".rels", keep, &list); err != nil {
		return nil, err
	}
	var inside []relation
	for _, r := range list.Relations {
		if r.Mode == "External" {
			continue
		}
		if !strings.HasPrefix(r.Target, "/") {
			r.Target = dir + r.Target
		}
		r.Target = partName(r.Target)
		inside = append(inside, r)
	}
	return inside, nil
}

// part returns a part that must be there.
func (w *workbook) part(name string) (*zip.File, error) {
	p, err := w.zip.part(name)
	if err == nil && p == nil {
		err = fmt.Errorf("%s: no %s in it, which every Excel file has; open it in Excel and save it as .xlsx", w.name, name)
	}
	return p, err
}

func (w *workbook) keepPart(name, as string, keep parts, look func(*zip.File) error) error {
	p, err := w.part(name)
	if err != nil {
		return err
	}
	if keep[as] != nil {
		return fmt.Errorf("%s: has two parts %s; open it in Excel and save it anew", w.name, as)
	}
	keep[as] = p
	return look(p)
}

// look reads a part only for its errors.
func (w *workbook) look(p *zip.File) error {
	nothing := func(xml.Token) error { return nil }
	return w.walk(p, maxAttached, nothing, func([]byte) error { return nil })
}

func (w *workbook) decode(name string, keep parts, into any) error {
	if err := w.keepPart(name, name, keep, w.look); err != nil {
		return err
	}
	in, err := w.zip.open(keep[name])
	if err != nil {
		return w.damaged(keep[name], err)
	}
	defer in.Close()
	if err := xml.NewDecoder(in).Decode(into); err != nil {
		return w.damaged(keep[name], err)
	}
	return nil
}

// open hands the parts to the library. Above UnzipXMLSizeLimit it would write
// them to files.
func (w *workbook) open(keep parts) error {
	var packed bytes.Buffer
	out := zip.NewWriter(&packed)
	for name, p := range keep {
		head := p.FileHeader
		head.Name = name
		to, err := out.CreateRaw(&head)
		if err != nil {
			return w.damaged(p, err)
		}
		from, err := p.OpenRaw()
		if err == nil {
			_, err = io.Copy(to, from)
		}
		if err != nil {
			return w.damaged(p, err)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	book, err := excelize.OpenReader(&packed, excelize.Options{RawCellValue: true, UnzipSizeLimit: w.limits.Unpacked, UnzipXMLSizeLimit: w.limits.Unpacked})
	if err != nil {
		return fmt.Errorf("%s: not read as an Excel file (%w); open it in Excel and save it anew", w.name, err)
	}
	w.book = book
	w.formats = w.styles()
	return nil
}

// styles returns the number formats of the workbook's styles.
func (w *workbook) styles() map[int]numberFormat {
	styles := w.book.Styles
	codes := map[int]string{}
	if styles.NumFmts != nil {
		for _, n := range styles.NumFmts.NumFmt {
			codes[n.NumFmtID] = n.FormatCode
		}
	}
	formats := map[int]numberFormat{}
	if styles.CellXfs == nil {
		return formats
	}
	for i, xf := range styles.CellXfs.Xf {
		if xf.NumFmtID == nil {
			continue
		}
		code, own := codes[*xf.NumFmtID]
		if !own {
			code = builtinFormats[*xf.NumFmtID]
		}
		formats[i] = parseFormat(code)
	}
	return formats
}
