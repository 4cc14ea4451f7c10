package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"nhacviec/tasks"
	"nhacviec/tasks/planfile"
	"nhacviec/web"
)

// exportAs writes an export into a file, in the format of its name.
func exportAs(e web.Export, path string) error {
	write, err := (&app{}).exportFormat(path)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := write(e, &b); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}

// storedTasks are what an import compares with.
type storedTasks []tasks.Task

func (s storedTasks) Find(no tasks.Number) (tasks.Task, bool, error) {
	for _, t := range s {
		if t.No == no {
			return t, true, nil
		}
	}
	return tasks.Task{}, false, nil
}

func (s storedTasks) All() iter.Seq2[tasks.Task, error] {
	return func(yield func(tasks.Task, error) bool) {
		for _, t := range s {
			if !yield(t, nil) {
				return
			}
		}
	}
}

// readAgain reads an exported file as import does, and returns what that
// changes.
func readAgain(path string, plan tasks.Plan, stored []tasks.Task, d *tasks.Directory, today tasks.Date) ([]tasks.Compared, planfile.Document, error) {
	document, err := readPlanFile(path, planfile.Options{Limits: planfile.DefaultLimits()})
	if err != nil {
		return nil, document, err
	}
	found, err := tasks.Understand(plan, document.Rows, d, today)
	if err != nil {
		return nil, document, err
	}
	var changes []tasks.Compared
	err = tasks.Compare(storedTasks(stored), storedTasks(found).All(), today, func(c tasks.Compared) error {
		if c.Fate != tasks.IsSame {
			changes = append(changes, c)
		}
		return nil
	})
	return changes, document, err
}

var exportFormats = []string{"plan.csv", "plan.xlsx", "plan.json"}

// hostileTexts are what a cell may hold that a format or a spreadsheet program
// would take for something else.
var hostileTexts = []string{
	"=1+1", "=HYPERLINK(\"http://example.org\")", "+84 271 3888", "-5", "- Rà soát", "@SUM(A1)", "'quoted'", "'", "'=1+1", "''-x", "''", "\"", `a "b" c`, "a;b", "a,b", ";", ",",
	"1", "1.", "01", "1/2", "30/6/2023", "45107", "1e5", "TRUE", "#REF!", "<b>đậm</b>", "&amp;", "a|b", `\n`, "x_x000D_y", "A", "I", "STT", "Nội dung", "Ghi chú: không",
	"TM. ỦY BAN NHÂN DÂN", "Nơi nhận:", "PHÒNG TƯ PHÁP", "(1)", "a) Việc nhỏ", "Đ", "Số hóa 😀", "trước ngày 30/6/2023", strings.Repeat("dài ", 2000),
}

// TestExportRoundTrip writes plans with everything that people do to tasks into
// every format and reads them again: nothing is new, changed or gone.
func TestExportRoundTrip(t *testing.T) {
	if underRace {
		t.Skip("nothing runs beside it, and the race detector makes it ten times as dear")
	}
	t.Parallel()
	d := loadExample(t).Units
	issued, today := tasks.DateOf(importDay), tasks.DateOf(importDay)+30
	plan := tasks.Plan{ID: "ct05", Title: "KẾ HOẠCH CHUYỂN ĐỔI SỐ", Number: "126/KH-UBND", Issued: issued}
	dir := t.TempDir()
	text := rapid.OneOf(rapid.Just(""), rapid.SampledFrom(hostileTexts))
	deadline := rapid.SampledFrom([]string{"", "Tháng 7/2023", "Trước ngày 20 hằng tháng", "Thường xuyên", "Theo tiến độ", "31/6/2023", "Lần 1 trước ngày 15/7/2023; lần 2 trước ngày 15/11/2023", "=1+1", "45107"})
	numbers := rapid.SampledFrom([][]tasks.Number{{"1", "2", "3", "4"}, {"1", "2.1", "2.a", "3"}, {"I.1", "I.2", "II.1", "II.2"}, {"5", "I", "II", "7"}, {"A.I.1", "A.II.1", "B.I.1", "B.1"}})
	cell := rapid.SampledFrom([]string{"", "-", "Công an thành phố, Các phòng, ban, ngành; UBND các phường-xã", "Sở X, các tổ chức, doanh nghiệp", "CATP và các đơn vị liên quan", "=1+1; +2", "Phòng Văn hóa & Thông tin - CATP"})
	lead := rapid.SampledFrom([]string{"", "PHÒNG TƯ PHÁP", "Công an thành phố; Phòng Tư pháp", "=1+1", "Phòng Lạ"})
	rapid.Check(t, func(t *rapid.T) {
		var rows []tasks.Row
		for i, no := range numbers.Draw(t, "numbers") {
			rows = append(rows, tasks.Row{No: no, Line: i + 1, Content: rapid.SampledFrom(append(hostileTexts, "Việc (hoàn thành trong tháng 3/2023)")).Draw(t, "content"),
				Lead: lead.Draw(t, "lead"), Coordinating: cell.Draw(t, "coordinating"), Deadline: deadline.Draw(t, "deadline"), Product: text.Draw(t, "product"), Note: text.Draw(t, "note")})
			row := &rows[i]
			for _, s := range []*string{&row.Content, &row.Product, &row.Note} {
				*s = tasks.Clean(*s)
			}
		}
		stored, err := tasks.Understand(plan, rows, d, issued)
		if err != nil {
			t.Fatal(err)
		}
		for i := range stored {
			stored[i] = settled(t, stored[i], d, today)
		}
		e := web.NewExport(plan, stored, d, today, 14)
		for _, name := range exportFormats {
			path := filepath.Join(dir, name)
			if err := exportAs(e, path); err != nil {
				t.Fatal(err)
			}
			changes, document, err := readAgain(path, plan, stored, d, today)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if document.Title != plan.Title || document.Number != plan.Number || document.Issued != issued {
				t.Fatalf("%s: %q, %q, %s", name, document.Title, document.Number, document.Issued)
			}
			for _, c := range changes {
				t.Fatalf("%s: task %s is %s (-stored +read again):\n%s", name, c.New.No, c.Fate, cmp.Diff(c.Old, c.New, cmp.AllowUnexported(tasks.Recurrence{})))
			}
		}
	})
}

// settled does to a task what people do.
func settled(t *rapid.T, task tasks.Task, d *tasks.Directory, today tasks.Date) tasks.Task {
	words := rapid.SampledFrom(hostileTexts).Draw(t, "words")
	words = tasks.Clean(words)
	for range rapid.IntRange(0, 3).Draw(t, "actions") {
		next, err := task, error(nil)
		switch rapid.IntRange(0, 6).Draw(t, "action") {
		case 0:
			next, _, err = task.Do(tasks.ActDue, today+60, today)
		case 1:
			next, _, err = task.Do(tasks.ActExtend, today+900, today)
		case 2:
			next, _, err = task.Do(tasks.ActDone, 0, today)
		case 3:
			next, _, err = task.Do(tasks.ActReport, 0, today)
		case 4:
			next, _, err = task.Assign(tasks.UnitRef{Code: "noi-vu", Text: "Phòng Nội vụ"})
		case 5:
			next, _, err = task.Edit(tasks.Edit{Content: &words, Product: &words}, d)
		case 6:
			next, _, err = task.Edit(tasks.Edit{Note: &words, Coordinating: &words}, d)
		}
		if err == nil {
			task = next
		}
	}
	return task
}

// TestExportHarmless looks at the files as a spreadsheet program does: no cell
// is calculated, and every cell of a CSV that could be has a ' in front.
func TestExportHarmless(t *testing.T) {
	t.Parallel()
	e := web.Export{Plan: tasks.Plan{ID: "p", Title: "=cmd()", Issued: 19000}, Day: 19000}
	for _, s := range []string{"=1+1", "+1", "-1", "@x", "\tx", "\rx"} {
		v := tasks.View{Content: s, Lead: tasks.UnitRef{Text: s}, Coordinating: []tasks.UnitRef{{Text: s}}, Product: s, Note: s, Deadline: tasks.Deadline{Text: s}}
		v.No = tasks.Number(s)
		e.Tasks = append(e.Tasks, web.ExportedTask{View: v})
	}
	dir := t.TempDir()
	for _, name := range []string{"x.csv", "x.xlsx"} {
		if err := exportAs(e, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}

	data, err := os.ReadFile(filepath.Join(dir, "x.csv"))
	if err != nil {
		t.Fatal(err)
	}
	in := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
	in.Comma, in.FieldsPerRecord = ';', -1
	records, err := in.ReadAll()
	if err != nil || len(records) != 3+len(e.Tasks) {
		t.Fatalf("%d records, %v", len(records), err)
	}
	guarded := 0
	for _, r := range records {
		for _, c := range r {
			if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
				t.Errorf("a cell begins %q", c)
			}
			if strings.HasPrefix(c, "'") {
				guarded++
			}
		}
	}
	if guarded != 1+7*len(e.Tasks) {
		t.Errorf("%d cells have a ' in front", guarded)
	}

	book, err := excelize.OpenFile(filepath.Join(dir, "x.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	sheet := book.GetSheetName(0)
	for _, at := range []string{"A1", "A4", "B4", "C5", "G9"} {
		formula, err := book.GetCellFormula(sheet, at)
		kind, err2 := book.GetCellType(sheet, at)
		if err != nil || err2 != nil || formula != "" || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
			t.Errorf("%s: formula %q, type %v, %v, %v", at, formula, kind, err, err2)
		}
	}
	layout, err := book.GetPageLayout(sheet)
	if err != nil || *layout.Orientation != "landscape" || *layout.Size != 9 || *layout.FitToWidth != 1 || *layout.FitToHeight != 0 {
		t.Errorf("page layout %+v, %v", layout, err)
	}
	panes, err := book.GetPanes(sheet)
	if err != nil || !panes.Freeze || panes.YSplit != 3 || panes.TopLeftCell != "A4" {
		t.Errorf("panes %+v, %v", panes, err)
	}
	names := book.GetDefinedName()
	if len(names) != 1 || names[0].RefersTo != "'Phụ lục'!$3:$3" {
		t.Errorf("names %+v: the header row is not repeated", names)
	}
	for i, m := range regexp.MustCompile(`<col min="(\d+)"`).FindAllStringSubmatch(part(t, filepath.Join(dir, "x.xlsx"), "xl/worksheets/sheet1.xml"), -1) {
		if m[1] != strconv.Itoa(i+1) {
			t.Errorf("column %s is in place %d; Excel takes that for damage", m[1], i+1)
		}
	}
	if width, err := book.GetColWidth(sheet, "B"); err != nil || width != 60 {
		t.Errorf("the content is %v wide, %v", width, err)
	}
}

// part returns a part of a workbook.
func part(t *testing.T, path, name string) string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	data, err := fs.ReadFile(z, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestExportTooLongForExcel(t *testing.T) {
	t.Parallel()
	v := tasks.View{Key: tasks.Key{Plan: "p", No: "7"}, Content: strings.Repeat("ố", 32768)}
	err := web.Export{Tasks: []web.ExportedTask{{View: v}}}.WriteXLSX(&strings.Builder{})
	if err == nil || !strings.Contains(err.Error(), "task p/7: Nội dung nhiệm vụ has more than 32767 characters") {
		t.Error(err)
	}
}
