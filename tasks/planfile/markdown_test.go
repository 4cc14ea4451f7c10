package planfile

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nhacviec/tasks"
)

const head = "| STT | Nội dung | Đơn vị phối hợp | Thời gian | Sản phẩm | Ghi chú |\n|---|---|---|---|---|---|\n"

func TestReadMarkdown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []tasks.Row
	}{
		{
			"lead units in rows of their own, in a header row too",
			head + "| **CÔNG AN** | | | | | |\n| 1 | a | b | Tháng 6/2023 | d | e |\n\n" +
				"| NỘI VỤ | | | | | |\n|---|---|---|---|---|---|\n| 2 | f | | | | |\n",
			[]tasks.Row{
				{No: "1", Lead: "CÔNG AN", Content: "a", Coordinating: "b", Deadline: "Tháng 6/2023", Product: "d", Note: "e", Line: 4},
				{No: "2", Lead: "NỘI VỤ", Content: "f", Line: 8},
			},
		},
		{
			"a numbered lead unit",
			head + "| I | CÔNG AN | | | | |\n| 1 | a | | | | |\n| II. | NỘI VỤ | | | | |\n| 2 | b | | | | |\n",
			[]tasks.Row{{No: "1", Lead: "CÔNG AN", Content: "a", Line: 4}, {No: "2", Lead: "NỘI VỤ", Content: "b", Line: 6}},
		},
		{
			"a task broken by a page, twice",
			head + "| 1 | một | x, | | | |\n\n| | | | | | |\n|---|---|---|---|---|---|\n| | hai | y | Tháng 6 | | n |\n\n" +
				"| | ba | | /2023 | | |\n|---|---|---|---|---|---|\n| 2 | b | | | | |\n",
			[]tasks.Row{
				{No: "1", Content: "một hai ba", Coordinating: "x, y", Deadline: "Tháng 6 /2023", Note: "n", Line: 3},
				{No: "2", Content: "b", Line: 11},
			},
		},
		{
			"columns in another order, headings without diacritics, a lead-unit column",
			"| Noi dung cong viec | TIẾN ĐỘ | TT | Co quan chu tri | Kết quả |\n|:--|--:|:-:|---|---|\n| a | Quý III | 01 | CATP | k |\n| b | | 2. | | |\n| c | | | | |\n",
			[]tasks.Row{
				{No: "1", Content: "a", Deadline: "Quý III", Lead: "CATP", Product: "k", Line: 3},
				{No: "2", Content: "b c", Line: 4},
			},
		},
		{
			"a header row repeated on a new page, in a new order, and a row of column numbers",
			head + "| (1) | (2) | (3) | (4) | (5) | (6) |\n| 1 | a | | | | |\n\n" +
				"| Số TT | Thời hạn | Nhiệm vụ |\n|---|---|---|\n| 1 | 2 | 3 |\n| 2 | Tháng 7/2023 | b |\n",
			[]tasks.Row{{No: "1", Content: "a", Line: 4}, {No: "2", Content: "b", Deadline: "Tháng 7/2023", Line: 9}},
		},
		{
			"a column of another kind is kept in the note",
			"| STT | Nhiệm vụ | Thời gian | Lãnh đạo phụ trách | Ghi chú |\n|---|---|---|---|---|\n| 1 | a | | Đ/c X | n |\n",
			[]tasks.Row{{No: "1", Content: "a", Note: "Lãnh đạo phụ trách: Đ/c X n", Line: 3}},
		},
		{
			"mark-up, escapes, entities, line breaks, odd spaces, decomposed letters",
			head + "| 1 | <i>a</i> *b* **c** `d` [e](http://x) f\\|g h &amp; i<br>k \\* l &lt;m&gt; <https://n.vn> 5 < 6\u00a0 o\u0323\u0302 | | | | |\n",
			[]tasks.Row{{No: "1", Content: "a b c d e f|g h & i k * l <m> https://n.vn 5 < 6 ộ", Line: 3}},
		},
		{
			"what begins a list, a heading or a link's definition is text in a cell",
			head + "| 1 | - a | # b | [c]: http://x | > d | 1. e_f_g |\n",
			[]tasks.Row{{No: "1", Content: "- a", Coordinating: "# b", Deadline: "[c]: http://x", Product: "> d", Note: "1. e_f_g", Line: 3}},
		},
		{
			"sub-tasks",
			head + "| 3 | a | | | | |\n| 3.a | b | | | | |\n| 3b) | c | | | | |\n| 3.10 | d | | | | |\n",
			[]tasks.Row{{No: "3", Content: "a", Line: 3}, {No: "3.a", Content: "b", Line: 4}, {No: "3.b", Content: "c", Line: 5}, {No: "3.10", Content: "d", Line: 6}},
		},
		{
			"other tables around: the letterhead above, signatures below",
			"| ỦY BAN NHÂN DÂN | CỘNG HÒA XÃ HỘI |\n|---|---|\n| Số: 5 | x |\n\n" + head + "| 1 | a | | | | |\n\n| Nơi nhận: | CHỦ TỊCH |\n|---|---|\n| - Như trên; | A |\n",
			[]tasks.Row{{No: "1", Content: "a", Line: 7}},
		},
		{
			"Windows line ends, a byte order mark, fewer cells in a row",
			"\ufeff" + strings.ReplaceAll(head+"| CÔNG AN |\n| 1 | a |\n", "\n", "\r\n"),
			[]tasks.Row{{No: "1", Lead: "CÔNG AN", Content: "a", Line: 4}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc, err := ReadMarkdown("plan.md", []byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, doc.Rows); diff != "" {
				t.Errorf("rows differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadMarkdownErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"nothing":                 {"", "plan.md:1: no table;"},
		"no table":                {"# Kế hoạch\n\nNội dung", "plan.md:1: no table;"},
		"no header":               {"x\n\n| a | b | c |\n|---|---|---|\n| d | e | f |\n", "plan.md:3: no header row;"},
		"a task before a header":  {"| 1 | b | c |\n|---|---|---|\n", "plan.md:1: a task before any header row;"},
		"no task":                 {head + "| CÔNG AN | | | | | |\n", "plan.md:1: the table has no task:"},
		"a rest before any task":  {head + "| | a | b | | | |\n", "plan.md:3: a row without a number before any task"},
		"a rest behind a unit":    {head + "| 1 | a | | | | |\n| CÔNG AN | | | | | |\n| | a | b | | | |\n", "plan.md:5: a row without a number follows the lead unit of line 4;"},
		"a number twice":          {head + "| 1 | a | | | | |\n| 01. | b | | | | |\n", "plan.md:4: task 1 is there twice, first in line 3"},
		"a number that is none":   {head + "| 1 | a | | | | |\n| x2 | b | c | | | |\n", `plan.md:4: "x2" is no task's number;`},
		"no content":              {head + "| 1 | a | | | | |\n| 2 | | | | | |\n", "plan.md:4: task 2 has no content"},
		"a deadline, no content":  {head + "| 1 | | | Tháng 6 | | |\n", "plan.md:3: task 1 has no content"},
		"NUL":                     {head + "| 1 | a\x00 | | | | |\n", "plan.md:3: a NUL byte:"},
		"not UTF-8":               {head + "| 1 | a\xff | | | | |\n", "plan.md:3: not UTF-8 text;"},
		"too many cells":          {head + "| 1 | a | b | c | d | e | f |\n", "plan.md:3: a row of 7 cells in a table of 6 columns;"},
		"other columns":           {head + "| 1 | a | | | | |\n\n| 2 | b | c |\n|---|---|---|\n", "plan.md:5: a row of 3 cells, but the header above has 6 columns;"},
		"a task in a small table": {head + "| 1 | a | | | | |\n\n| 2 | b |\n|---|---|\n", "plan.md:5: a row of 2 cells, but the header above has 6 columns;"},
		"text below a table":      {head + "| 1 | a | | | | |\nGhi chú\n", "plan.md:4: text right below a table;"},
		"a table that is none":    {head + "| 1 | a | | | | |\n\n| 2 | b | | | | |\n| 3 | c | | | | |\n", "plan.md:5: a table row outside of any table;"},
		"a table set in as code":  {head + "| 1 | a | | | | |\n\n    | 2 | b |\n", "plan.md:5: a table row outside of any table;"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := ReadMarkdown("plan.md", []byte(c.text))
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %s …", err, c.want)
			}
			if !reflect.DeepEqual(doc, Document{}) {
				t.Errorf("a part of a refused file is returned: %+v", doc)
			}
		})
	}
}

func TestTitleAndIssued(t *testing.T) {
	t.Parallel()
	const table = "\n\n" + head + "| 1 | a | | | | |\n"
	for name, c := range map[string]struct{ text, title, issued string }{
		"an annex": {
			"PHỤ LỤC\nNHIỆM VỤ CỤ THỂ THỰC HIỆN\nCHỈ THỊ SỐ 05/CT-TTg\n(ban hành kèm theo Kế hoạch số 126/KH-UBND ngày 05/6/2023 của UBND)" + table,
			"NHIỆM VỤ CỤ THỂ THỰC HIỆN CHỈ THỊ SỐ 05/CT-TTg", "2023-06-05",
		},
		"a draft":               {"PHỤ LỤC II\n\n# NHIỆM VỤ\n(ban hành kèm theo Kế hoạch số /KH-UBND ngày /6/2023 của UBND)" + table, "NHIỆM VỤ", ""},
		"a draft, another form": {"(kèm theo Kế hoạch ngày     tháng 6 năm 2023, sửa Kế hoạch ngày 01/02/2022)" + table, "", ""},
		"a letterhead": {
			"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\n*Đồng Xoài, ngày 05 tháng 6 năm 2023*\n\n**KẾ HOẠCH**\nTriển khai" + table,
			"KẾ HOẠCH Triển khai", "2023-06-05",
		},
		"below the table":     {strings.TrimPrefix(table, "\n\n") + "\nĐồng Xoài, ngày 05/6/2023\n\nKÝ THAY CHỦ TỊCH", "", "2023-06-05"},
		"a cited date":        {"Căn cứ Nghị quyết số 50/NQ-CP ngày 08/4/2022 của Chính phủ" + table, "", ""},
		"no day of the month": {"(kèm theo Kế hoạch số 5 ngày 31/6/2023)" + table, "", ""},
		"two that differ":     {"(kèm theo Kế hoạch số 5 ngày 05/6/2023)\n(kèm theo Kế hoạch số 6 ngày 06/6/2023)" + table, "", ""},
		"nothing":             {table, "", ""},
	} {
		doc, err := ReadMarkdown("plan.md", []byte(c.text))
		if err != nil || doc.Title != c.title || doc.Issued.String() != c.issued {
			t.Errorf("%s: title %q, issued %q, error %v; want %q, %q", name, doc.Title, doc.Issued, err, c.title, c.issued)
		}
	}
}
