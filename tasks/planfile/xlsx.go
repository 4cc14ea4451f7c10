package planfile

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"slices"
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
	sheets := w.sheets
	if f.sheet != "" {
		asked := func(ws worksheet) bool { return strings.EqualFold(tasks.Clean(ws.name), tasks.Clean(f.sheet)) }
		i := slices.IndexFunc(sheets, asked)
		if i < 0 {
			return sheet{}, fmt.Errorf("%s: no sheet %q; its sheets are %s", f.name, f.sheet, sheetNames(w.sheets))
		}
		sheets = sheets[i : i+1]
	}
	grids, err := w.read(sheets)
	if err != nil {
		return sheet{}, err
	}
	return w.choose(grids)
}

// choose returns the only grid, or the only one with a task table; a hidden one
// counts if no other has.
func (w *workbook) choose(grids []grid) (sheet, error) {
	var plans []grid
	var notices []string
	for _, g := range grids {
		switch {
		case len(grids) == 1, g.headed():
			plans = append(plans, g)
		case len(g.rows) > 0:
			notices = append(notices, fmt.Sprintf("sheet %s: not read, it has no task table", g.worksheet.name))
		case g.err != nil:
			notices = append(notices, fmt.Sprintf("not read: %v", g.err))
		}
	}
	if shown := slices.DeleteFunc(slices.Clone(plans), func(g grid) bool { return g.worksheet.hidden }); len(shown) == 1 {
		for _, g := range plans {
			if g.worksheet.hidden {
				notices = append(notices, fmt.Sprintf("sheet %s: not read, as it is hidden; read it with --sheet %q", g.worksheet.name, g.worksheet.name))
			}
		}
		plans = shown
	}
	switch {
	case len(plans) == 0:
		return sheet{}, w.noPlan(grids)
	case len(plans) > 1:
		var names []worksheet
		for _, g := range plans {
			names = append(names, g.worksheet)
		}
		return sheet{}, fmt.Errorf("%s: %d sheets with a task table; name the one to read with --sheet: %s", w.name, len(plans), sheetNames(names))
	case plans[0].err != nil:
		return sheet{}, plans[0].err
	}
	s := plans[0].split()
	s.notices = append(s.notices, notices...)
	return s, nil
}

// noPlan says why no grid has a task table: a sheet could not be read, the
// words of its header row are in an old encoding, or there is none.
func (w *workbook) noPlan(grids []grid) error {
	for _, g := range grids {
		if g.err != nil {
			return g.err
		}
		s := g.split()
		if err := s.oldText(); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: no sheet with a task table, which wants a header row such as: STT, Nội dung, Đơn vị phối hợp, Thời gian, Sản phẩm, Ghi chú; its sheets are %s", w.name, sheetNames(w.sheets))
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
	keep     parts
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
	target string // its name as the list of sheets has it
}

// sheet returns a sheet for errors, with nothing in it yet.
func (w *workbook) sheet(ws worksheet) sheet {
	return sheet{name: w.name, where: func(line int) string { return fmt.Sprintf("sheet %s, row %d", ws.name, line) }}
}

// openWorkbook finds the parts of a workbook, and looks through those that all
// sheets share.
func openWorkbook(f file) (*workbook, error) {
	z, err := openZip(f)
	if err != nil {
		return nil, err
	}
	w := &workbook{file: f, zip: z, keep: parts{}}
	root, err := w.relations("")
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
	return w, w.contents(main)
}

// parts are those that the library needs, by the names under which it looks
// for them. Pictures and the like never reach it.
type parts map[string]*zip.File

// contents reads the list of sheets and what it refers to.
func (w *workbook) contents(main string) error {
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
	if err := w.decode(main, &list); err != nil {
		return err
	}
	w.from1904 = list.Properties.From1904
	relations, err := w.relations(main)
	if err != nil {
		return err
	}
	byID := map[string]relation{}
	for _, r := range relations {
		byID[r.ID] = r
		switch {
		case strings.HasSuffix(r.Type, "/sharedStrings"):
			err = w.keepPart(r.Target, "xl/sharedStrings.xml", w.countTexts)
		case strings.HasSuffix(r.Type, "/styles"):
			err = w.keepPart(r.Target, "xl/styles.xml", w.look)
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
				ws.target = r.Target
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
func (w *workbook) relations(of string) ([]relation, error) {
	var list struct {
		Relations []relation `xml:"Relationship"`
	}
	dir, name := path.Split(of)
	if err := w.decode(dir+"_rels/"+name+".rels", &list); err != nil {
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

func (w *workbook) keepPart(name, as string, look func(*zip.File) error) error {
	p, err := w.part(name)
	if err != nil {
		return err
	}
	if w.keep[as] != nil {
		return fmt.Errorf("%s: has two parts %s; open it in Excel and save it anew", w.name, as)
	}
	w.keep[as] = p
	return look(p)
}

// look reads a part only for its errors.
func (w *workbook) look(p *zip.File) error {
	nothing := func(xml.Token) error { return nil }
	return w.walk(p, attachedLimits, nothing, func([]byte) error { return nil })
}

func (w *workbook) decode(name string, into any) error {
	if err := w.keepPart(name, name, w.look); err != nil {
		return err
	}
	in, err := w.zip.open(w.keep[name])
	if err != nil {
		return w.damaged(w.keep[name], err)
	}
	defer in.Close()
	if err := xml.NewDecoder(in).Decode(into); err != nil {
		return w.damaged(w.keep[name], err)
	}
	return nil
}

// open hands the parts to the library. Above UnzipXMLSizeLimit it would write
// them to files.
func (w *workbook) open() (*excelize.File, error) {
	var packed bytes.Buffer
	out := zip.NewWriter(&packed)
	for name, p := range w.keep {
		head := p.FileHeader
		head.Name = name
		to, err := out.CreateRaw(&head)
		if err != nil {
			return nil, w.damaged(p, err)
		}
		from, err := p.OpenRaw()
		if err == nil {
			_, err = io.Copy(to, from)
		}
		if err != nil {
			return nil, w.damaged(p, err)
		}
	}
	if err := out.Close(); err != nil {
		return nil, fmt.Errorf("%s: %w", w.name, err)
	}
	book, err := excelize.OpenReader(&packed, excelize.Options{RawCellValue: true, UnzipSizeLimit: w.limits.Unpacked, UnzipXMLSizeLimit: w.limits.Unpacked})
	if err != nil {
		return nil, fmt.Errorf("%s: not read as an Excel file (%w); open it in Excel and save it anew", w.name, err)
	}
	w.formats = styleFormats(book)
	return book, nil
}

// styleFormats returns the number formats of a workbook's styles.
func styleFormats(book *excelize.File) map[int]numberFormat {
	styles := book.Styles
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
