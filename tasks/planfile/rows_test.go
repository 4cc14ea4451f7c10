package planfile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nhacviec/tasks"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]tasks.Number{
		"1": "1", "1.": "1", "01": "1", "01.": "1", "1)": "1", "(1)": "1", "1/": "1", "21": "21", "0": "0", "1 .": "1",
		"3.a": "3.a", "3a": "3.a", "3.a)": "3.a", "3.1": "3.1", "3.1.": "3.1", "3.10": "3.10", "3.01": "3.1", "1.2.3": "1.2.3", "3đ": "3.đ",
		"I.2": "I.2", "II.2.": "II.2", "I . 2": "I.2", "IV.10.a": "IV.10.a", "A.1": "A.1", "A.II.1": "A.II.1", "B.I.1.a": "B.I.1.a", "I-2": "I.2",
		"": "", "a": "", "I": "", "x2": "", "1-2": "", "1,2": "", "-": "", "1a2": "", "1234567890": "", "1..2": "", "²": "", "１": "",
	} {
		if got, ok := parseNumber(in); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v, want %q", in, got, ok, want)
		}
	}
}

// A record may have no cells at all, and no header may stand above it.
func TestCellOfShortRecords(t *testing.T) {
	t.Parallel()
	for _, kinds := range [][]column{nil, {number, content}, {other, content}, {content, other}} {
		for _, cells := range [][]string{nil, {}, {"1"}} {
			g := gatherer{columns: columns{kinds: kinds}}
			want := ""
			if len(cells) > 0 && len(kinds) > 0 && kinds[0] != content {
				want = "1"
			}
			if got := g.cell(record{1, cells}, number); got != want {
				t.Errorf("the number of %q under %v is %q, want %q", cells, kinds, got, want)
			}
			if got := g.cell(record{1, cells}, deadline); got != "" {
				t.Errorf("the deadline of %q under %v is %q", cells, kinds, got)
			}
		}
	}
}

// summary writes rows as "number|lead|content|deadline".
func summary(rows []tasks.Row) string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%s|%s|%s|%s\n", r.No, r.Lead, r.Content, r.Deadline)
	}
	return b.String()
}

func TestRows(t *testing.T) {
	t.Parallel()
	const head = "STT;Nội dung;Đơn vị phối hợp;Thời hạn\n"
	const heads = "STT;Nội dung;Chủ trì;Thời hạn\n"
	for name, c := range map[string]struct{ text, want, notices string }{
		"sections by the first cell": {
			head + "CÔNG AN;;;\n1;a;;\nNỘI VỤ;;;\n2;b;;\n",
			"1|CÔNG AN|a|\n2|NỘI VỤ|b|\n", "",
		},
		"sections with numbers in a cell, in the text, repeated over merged cells": {
			head + "I;CÔNG AN;;\n1;a;;\nII. NỘI VỤ;;;\n2;b;;\nIII;TƯ PHÁP;TƯ PHÁP;TƯ PHÁP\n3;c;;\nTHANH TRA;THANH TRA;THANH TRA;THANH TRA\n4;d;;\n",
			"1|CÔNG AN|a|\n2|NỘI VỤ|b|\n3|TƯ PHÁP|c|\n4|THANH TRA|d|\n", "",
		},
		"a section in the second cell": {
			head + ";CÔNG AN THÀNH PHỐ;;\n1;a;;\n;rest;;\n;PHÒNG NỘI VỤ;;\n2;b;;\n",
			"1|CÔNG AN THÀNH PHỐ|a rest|\n2|PHÒNG NỘI VỤ|b|\n",
			"line 2: \"CÔNG AN THÀNH PHỐ\" is read as the lead unit of the tasks below\nline 5: \"PHÒNG NỘI VỤ\" is read as the lead unit of the tasks below\n",
		},
		"numbers begin anew in each section": {
			head + "I;CÔNG AN;;\n1;a;;\n2;b;;\nII;NỘI VỤ;;\n1;c;;\na);d;;\n",
			"I.1|CÔNG AN|a|\nI.2|CÔNG AN|b|\nII.1|NỘI VỤ|c|\nII.1.a|NỘI VỤ|d|\n",
			"no deadline of their own, but sub-tasks: 1\nnumbers begin anew in each section, so they have the section's in front: task 1 there is II.1 here\n",
		},
		"sections without numbers": {
			head + "CÔNG AN;;;\n1;a;;\nNỘI VỤ;;;\n1;b;;\nTƯ PHÁP;;;\n2;c;;\n",
			"I.1|CÔNG AN|a|\nII.1|NỘI VỤ|b|\nIII.2|TƯ PHÁP|c|\n",
			"numbers begin anew in each section, so they have the section's in front: task 1 there is II.1 here\n",
		},
		"sections in sections": {
			head + "A;CHUNG;;\nI;CÔNG AN;;\n1;a;;\nB;RIÊNG;;\nI;NỘI VỤ;;\n1;b;;\n",
			"A.I.1|CÔNG AN|a|\nB.I.1|NỘI VỤ|b|\n",
			"numbers begin anew in each section, so they have the section's in front: task 1 there is B.I.1 here\n",
		},
		"tasks above the first section": {
			head + "1;a;;\nI;CÔNG AN;;\n1;b;;\n",
			"1||a|\nI.1|CÔNG AN|b|\n",
			"numbers begin anew in each section, so they have the section's in front: task 1 there is I.1 here\n",
		},
		"numbers with the section's in front": {
			head + "I;CÔNG AN;;\nI.1;a;;\nI.2;b;;\nII;NỘI VỤ;;\nII.1;c;;\n",
			"I.1|CÔNG AN|a|\nI.2|CÔNG AN|b|\nII.1|NỘI VỤ|c|\n", "",
		},
		"Roman tasks": {
			heads + "I;a;A;Quý I/2023\n1;b;A;Quý I/2023\nII;c;B;Quý I/2023\n1;d;B;Quý I/2023\n",
			"I|A|a|Quý I/2023\nI.1|A|b|Quý I/2023\nII|B|c|Quý I/2023\nII.1|B|d|Quý I/2023\n",
			"numbers begin anew in each section, so they have the section's in front: task 1 there is II.1 here\n",
		},
		"sub-tasks by letters": {
			heads + "3;a;A;\na);b;;Quý I/2023\nb.;c;C;Quý II/2023\n(đ);d;;\n4;e;E;\n4.a;f;;\nb;g;;\n",
			"3|A|a|\n3.a|A|b|Quý I/2023\n3.b|C|c|Quý II/2023\n3.đ|A|d|\n4|E|e|\n4.a|E|f|\n4.b|E|g|\n",
			"no deadline of their own, but sub-tasks: 3, 4\n",
		},
		"sub-tasks by dashes": {
			heads + "1;a;A;\n-;b;;Quý I/2023\n–;c;C;Quý II/2023\na);d;;\n+;e;;\n2;f;F;\n",
			"1|A|a|\n1.1|A|b|Quý I/2023\n1.2|C|c|Quý II/2023\n1.a|A|d|\n1.a.1|A|e|\n2|F|f|\n",
			"no deadline of their own, but sub-tasks: 1, 1.a\nsub-tasks without a number of their own are 1.1, 1.2, 1.a.1\n",
		},
		"sub-tasks by numbers": {
			heads + "1;a;A;Quý I/2023\n1.1;b;;\n1.2;c;C;\n1.10;d;;\n",
			"1|A|a|Quý I/2023\n1.1|A|b|\n1.2|C|c|\n1.10|A|d|\n", "",
		},
		"sub-tasks in the content, with deadlines of their own": {
			heads + "1;a;A;\n;a) b;;Quý I/2023\n;b) c;;Quý II/2023\n;- d;;30/6/2023\n;rest;;\n2;e;;\n",
			"1|A|a|\n1.a|A|b|Quý I/2023\n1.b|A|c|Quý II/2023\n1.b.1|A|d rest|30/6/2023\n2||e|\n",
			"no deadline of their own, but sub-tasks: 1\nsub-tasks without a number of their own are 1.a, 1.b, 1.b.1\n",
		},
		"parts of the content": {
			heads + "1;a;A;Quý I/2023\n;a) b;;\n;- c;;/2023\n",
			"1|A|a a) b - c|Quý I/2023 /2023\n", "",
		},
		"a unit's heading over its tasks": {
			head + "1;CÔNG AN THÀNH PHỐ;;\n1.1;a;;\n1.2;b;;\n2;PHÒNG NỘI VỤ;;\n2.1;c;;\n",
			"1.1|CÔNG AN THÀNH PHỐ|a|\n1.2|CÔNG AN THÀNH PHỐ|b|\n2.1|PHÒNG NỘI VỤ|c|\n",
			"line 2: \"CÔNG AN THÀNH PHỐ\" is read as the lead unit of the tasks 1.1 to 1.2\nline 5: \"PHÒNG NỘI VỤ\" is read as the lead unit of the tasks 2.1 to 2.1\n",
		},
		"a row of column numbers": {
			head + "A;B;(1);(2)=(1)+(3)\n1;a;;\n",
			"1||a|\n", "",
		},
		"tasks that say what a header says": {
			head + "I.1;Nội dung;STT;Thời gian\na);Nội dung;STT;Thời hạn\n",
			"I.1||Nội dung|Thời gian\nI.1.a||Nội dung|Thời hạn\n", "",
		},
		"signatures below": {
			head + "1;a;;\nNơi nhận:;;TM. ỦY BAN NHÂN DÂN;\n- Như trên;;CHỦ TỊCH;\n;;Nguyễn Văn A;\n",
			"1||a|\n", "",
		},
		"rows that say less or nothing": {
			head + "1;a\n\n;;;\n2;b;;;;;\n;c\n",
			"1||a|\n2||b c|\n", "",
		},
		"text in quotes, over lines": {
			head + "1;\"a; \"\"b\"\"\nc\";;\"Quý\nI/2023\"\n",
			"1||a; \"b\" c|Quý I/2023\n", "",
		},
		"no number at all": {
			heads + "CÔNG AN;;;\n;a;;Quý I/2023\n;;;\nI;CHUNG;;\n;b;B;\n;c;C;Quý II/2023\nNơi nhận:;;TM. ỦY BAN NHÂN DÂN;\n;Như trên;A;B\n",
			"1|CÔNG AN|a|Quý I/2023\n2|B|b|\n3|C|c|Quý II/2023\n",
			"line 3: no task has a number, so they are numbered in their order, 1 to 3; number them in the file before rows are put in or taken out, or tasks are taken for others\n",
		},
		"a row that looks like a task": {
			heads + "1;a;A;Quý I/2023\n;b;B;\n2;c;C;Quý II/2023\n;d;;Quý III/2023\n3;e;;\n;f;F;Quý IV/2023\n",
			"1|A B|a b|Quý I/2023\n2|C|c d|Quý II/2023 Quý III/2023\n3|F|e f|Quý IV/2023\n",
			"rows without a number are read as the rest of the task above, but bring a lead unit or a deadline of their own; number those that are tasks: line 3 (to task 1), line 5 (to task 2)\n",
		},
		"a page break in each cell": {
			heads + "1;a;Phòng Văn hóa;Trước ngày\n;b;và Thông tin;30/6/2023\n2;c;C;Quý II/2023\n;;D;Quý III/2023\n",
			"1|Phòng Văn hóa và Thông tin|a b|Trước ngày 30/6/2023\n2|C D|c|Quý II/2023 Quý III/2023\n", "",
		},
		"columns that nhacviec keeps": {
			"STT;Nội dung;Thời hạn;Trạng thái;Ngày hoàn thành\n1;a;Quý I/2023;x;y\n",
			"1||a|Quý I/2023\n", "not read, as nhacviec keeps it itself: Trạng thái, Ngày hoàn thành\n",
		},
	} {
		doc, err := readText(t, c.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, summary(doc.Rows)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		notices := ""
		for _, n := range doc.Notices {
			notices += n + "\n"
		}
		if notices != c.notices {
			t.Errorf("%s: notices\n%swant\n%s", name, notices, c.notices)
		}
	}
}

func TestRowErrors(t *testing.T) {
	t.Parallel()
	const head = "STT;Nội dung;Đơn vị phối hợp;Thời hạn\n"
	for name, c := range map[string]struct{ text, want string }{
		"a number twice":                  {head + "1;a;;\n2;b;;\n1;c;;\n", "plan.csv:4: task 1 is there twice, first in line 2"},
		"a number twice in one section":   {head + "I;X;;\n1;a;;\n1.;b;;\nII;Y;;\n1;c;;\n", "plan.csv:4: task 1 is there twice, first in line 3"},
		"a number that another comes to":  {head + "II.1;a;;\nI;X;;\n1;b;;\nII;Y;;\n1;c;;\n", "plan.csv:6: task II.1 is there twice, first in line 2"},
		"a letter without a task":         {head + "a);a;;\n", "plan.csv:2: a sub-task \"a)\" without a task above it"},
		"a letter below a section":        {head + "1;a;;\nI;X;;\na);b;;\n", "plan.csv:4: a sub-task \"a)\" without a task above it"},
		"a word for a number":             {head + "1;a;;\nhai;b;x;\n", "plan.csv:3: \"hai\" is no task's number;"},
		"a comma too many":                {head + "1;a;b;c;d\n", "plan.csv:2: a row of 5 cells, but the header has 4 columns;"},
		"a quote within a cell":           {head + "1;a\"b;;\n", "plan.csv:2: a \" within a cell;"},
		"a quote behind a quoted cell":    {head + "1;\"a\"b;;\n", "plan.csv:2: a \" within a cell;"},
		"a quote that does not end":       {head + "1;a;;\n2;\"b;;\n3;c;;\n", "plan.csv:3: a cell begins with \" and does not end;"},
		"a quote that does not end, told": {"sep=;\n" + head + "1;\"b;;\n3;c;;\n", "plan.csv:3: a cell begins with \" and does not end;"},
		"a row without a number at first": {head + ";a;;Quý I/2023\n1;b;;\n", "plan.csv:2: a row without a number before any task; give each task its number"},
		"no numbers, and content alone":   {head + ";a;;Quý I/2023\n;b;;\n", "plan.csv:2: a row without a number before any task; give each task its number"},
		"no numbers, and no content":      {head + ";a;;Quý I/2023\n;;b;Quý II/2023\n", "plan.csv:2: a row without a number before any task; give each task its number"},
		"nothing":                         {"\n\n", "plan.csv:1: no table;"},
	} {
		if doc, err := readText(t, c.text); err == nil || !strings.HasPrefix(err.Error(), c.want) || doc.Rows != nil {
			t.Errorf("%s: %v, want %s …", name, err, c.want)
		}
	}
}

// A second table whose numbers begin anew is a section; one that goes on is not.
func TestSeveralTables(t *testing.T) {
	t.Parallel()
	md := func(text string) string { return strings.ReplaceAll(text, "HEAD\n", head) }
	for name, c := range map[string]struct{ text, want string }{
		"of two annexes":             {"HEAD\n| A | | | | | |\n| 1 | a | | | | |\n\nPHỤ LỤC II\n\nHEAD\n| 1 | b | | | | |\n", "I.1|A|a|\nII.1||b|\n"},
		"broken by a page":           {"HEAD\n| A | | | | | |\n| 1 | a | | | | |\n\n- 2 -\n\nHEAD\n| 2 | b | | | | |\n", "1|A|a|\n2|A|b|\n"},
		"broken by a page and words": {"HEAD\n| A | | | | | |\n| 1 | a | | | | |\n\nUBND thành phố\n\nHEAD\n| 2 | b | | | | |\n", "1|A|a|\n2|A|b|\n"},
	} {
		doc, err := ReadMarkdown("plan.md", []byte(md(c.text)))
		if err != nil || summary(doc.Rows) != c.want {
			t.Errorf("%s: %v\n%swant\n%s", name, err, summary(doc.Rows), c.want)
		}
	}
	targets := "| STT | Chỉ tiêu | Đơn vị tính | 2023 | 2024 |\n|---|---|---|---|---|\n| 1 | a | % | 1 | 2 |\n| 2 | b | % | 1 | 2 |\n\n" + head + "| 1 | c | | | | |\n"
	doc, err := ReadMarkdown("plan.md", []byte(targets))
	if err != nil || summary(doc.Rows) != "1||c|\n" || len(doc.Notices) != 1 || !strings.HasPrefix(doc.Notices[0], "line 1: a table that is not read") {
		t.Errorf("a table of targets above: %v, %q, %q", err, summary(doc.Rows), doc.Notices)
	}
	const again = "plan.md:7: task 1 is there twice, first in line 3"
	if _, err := ReadMarkdown("plan.md", []byte(md("HEAD\n| 1 | a | | | | |\n\nHEAD\n| 1 | b | | | | |\n"))); err == nil || err.Error() != again {
		t.Errorf("a table broken by a page with a number twice: %v", err)
	}
}
