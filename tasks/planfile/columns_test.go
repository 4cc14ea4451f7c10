package planfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"nhacviec/tasks"
)

// Every heading that offices use, alone and typed in every way.
func TestHeadings(t *testing.T) {
	t.Parallel()
	for kind, headings := range map[column]string{
		number:       "STT|TT|Số TT|Stt|S.T.T|STT.|Số thứ tự|Thứ tự|Số",
		content:      "Nội dung|Nhiệm vụ|Nội dung công việc|Tên nhiệm vụ|Nhiệm vụ, giải pháp|Nội dung, nhiệm vụ|Đầu việc|Công việc|Nội dung nhiệm vụ cụ thể|Nội dung thực hiện|Các nhiệm vụ, giải pháp chủ yếu|Hoạt động",
		lead:         "Đơn vị chủ trì|Cơ quan chủ trì|Đơn vị thực hiện|Cơ quan thực hiện|Cơ quan chủ trì thực hiện|Đơn vị chủ trì, tham mưu|Chủ trì|Đơn vị|Cơ quan, đơn vị|Cơ quan, đơn vị thực hiện|Đơn vị đầu mối|Đơn vị phụ trách|Phân công thực hiện|Trách nhiệm thực hiện|Đơn vị được giao|Người thực hiện|Đơn vị thực hiện nhiệm vụ",
		coordinating: "Đơn vị phối hợp|Cơ quan phối hợp|Cơ quan phối hợp thực hiện|Phối hợp|Phối hợp thực hiện|Cơ quan, đơn vị phối hợp",
		deadline:     "Thời gian|Thời hạn|Tiến độ|Tiến độ hoàn thành|Thời gian thực hiện|Thời gian hoàn thành|Hạn hoàn thành|Hạn xử lý|Thời hạn hoàn thành|Thời gian hoàn thành nhiệm vụ|Hạn|Kết thúc|Hoàn thành|Thời gian kết thúc|Thời gian (từ - đến)|Đến ngày|Lộ trình thực hiện|Ngày hoàn thành",
		product:      "Sản phẩm|Kết quả|Sản phẩm, kết quả đạt được|Sản phẩm/ Kết quả|Kết quả dự kiến|Sản phẩm dự kiến|Sản phẩm đầu ra|Kết quả, sản phẩm|Đầu ra",
		note:         "Ghi chú|Ghi chú (nếu có)",
		start:        "Bắt đầu|Ngày bắt đầu|Thời gian bắt đầu|Từ ngày|Thời gian Từ",
		ignored:      "Trạng thái",
		other:        "Lãnh đạo phụ trách|Lãnh đạo chủ trì|Đơn vị tính|Kinh phí|Tồn tại, hạn chế|Đầu tư|",
	} {
		for heading := range strings.SplitSeq(headings, "|") {
			for _, typed := range []string{heading, strings.ToUpper(heading), norm.NFD.String(heading), "  " + strings.ReplaceAll(heading, " ", "\u00a0\n ") + ":", strings.ReplaceAll(heading, "ơ", "ơ\u200b")} {
				got, _ := kindOf(fold(typed))
				if got == completion {
					got = deadline
				}
				if got != kind {
					t.Errorf("%q is column %d, want %d", typed, got, kind)
				}
			}
		}
	}
}

// read reads a CSV with semicolons.
func readText(t testing.TB, text string) (Document, error) {
	t.Helper()
	s, err := file{name: "plan.csv", data: []byte(text), limits: DefaultLimits()}.readCSV()
	if err != nil {
		return Document{}, err
	}
	return s.document()
}

func TestColumns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want tasks.Row
	}{
		"an order of their own": {
			"Ghi chú;Sản phẩm;Tiến độ;Đơn vị phối hợp;Cơ quan chủ trì;Nhiệm vụ;TT\ng;s;t;p;c;n;1\n",
			tasks.Row{Note: "g", Product: "s", Deadline: "t", Coordinating: "p", Lead: "c", Content: "n"},
		},
		"a heading over two columns, the other cells empty": {
			"STT;Nội dung;Đơn vị thực hiện;;Thời hạn\n;;Chủ trì;Phối hợp;\n1;n;c;p;t\n",
			tasks.Row{Content: "n", Lead: "c", Coordinating: "p", Deadline: "t"},
		},
		"a heading over two columns, its text repeated": {
			"STT;Nội dung;Đơn vị thực hiện;Đơn vị thực hiện;Thời hạn\nSTT;Nội dung;Chủ trì;Phối hợp;Thời hạn\n(1);(2);(3);(4);(5)\n1;n;c;p;t\n",
			tasks.Row{Content: "n", Lead: "c", Coordinating: "p", Deadline: "t"},
		},
		"two headings over two columns each": {
			"STT;Nội dung;Phân công;;Thời gian thực hiện;;Ghi chú\n;;Đơn vị chủ trì;Đơn vị phối hợp;Bắt đầu;Kết thúc;\n1;n;c;p;01/6/2023;30/6/2023;g\n",
			tasks.Row{Content: "n", Lead: "c", Coordinating: "p", Deadline: "từ 01/6/2023 đến 30/6/2023", Note: "g"},
		},
		"a title over the whole table": {
			"NHIỆM VỤ NĂM 2023;;;\nSTT;Nội dung;Chủ trì;Thời hạn\n1;n;c;t\n",
			tasks.Row{Content: "n", Lead: "c", Deadline: "t"},
		},
		"a beginning and an end": {
			"STT;Nội dung;Bắt đầu;Kết thúc\n1;n;01/6/2023;30/6/2023\n",
			tasks.Row{Content: "n", Deadline: "từ 01/6/2023 đến 30/6/2023"},
		},
		"a beginning and an end, months in words": {
			"STT;Nội dung;Từ ngày;Hoàn thành\n1;n;Từ tháng 6/2023;Tháng 8/2023\n",
			tasks.Row{Content: "n", Deadline: "từ tháng 6/2023 đến Tháng 8/2023"},
		},
		"a beginning without an end": {
			"STT;Nội dung;Bắt đầu;Kết thúc\n1;n;01/6/2023;\n",
			tasks.Row{Content: "n", Note: "Bắt đầu: 01/6/2023"},
		},
		"an end that is no day": {
			"STT;Nội dung;Bắt đầu;Kết thúc\n1;n;01/6/2023;Thường xuyên\n",
			tasks.Row{Content: "n", Deadline: "Thường xuyên", Note: "Bắt đầu: 01/6/2023"},
		},
		"an end before the beginning": {
			"STT;Nội dung;Bắt đầu;Kết thúc\n1;n;01/6/2023;30/5/2023\n",
			tasks.Row{Content: "n", Deadline: "30/5/2023", Note: "Bắt đầu: 01/6/2023"},
		},
		"progress beside a deadline": {
			"STT;Nội dung;Tiến độ;Hạn hoàn thành\n1;n;50%;30/6/2023\n",
			tasks.Row{Content: "n", Deadline: "30/6/2023", Note: "Tiến độ: 50%"},
		},
		"a weaker column where the deadline is empty": {
			"STT;Nội dung;Thời gian thực hiện;Hạn hoàn thành\n1;n;Quý III/2023;\n",
			tasks.Row{Content: "n", Deadline: "Quý III/2023"},
		},
		"two deadlines that agree": {
			"STT;Nội dung;Thời hạn;Hạn xử lý\n1;n;30/6/2023;30/6/2023\n",
			tasks.Row{Content: "n", Deadline: "30/6/2023"},
		},
		"what nhacviec writes beside a plan": {
			"STT;Nội dung;Thời hạn;Trạng thái;Ngày hoàn thành\n1;n;30/6/2023;đã xong;29/6/2023\n",
			tasks.Row{Content: "n", Deadline: "30/6/2023"},
		},
		"the day of completion as the deadline": {
			"STT;Nội dung;Ngày hoàn thành\n1;n;30/6/2023\n",
			tasks.Row{Content: "n", Deadline: "30/6/2023"},
		},
		"who leads before who works": {
			"STT;Nội dung;Đơn vị thực hiện;Đơn vị chủ trì;Lãnh đạo chỉ đạo\n1;n;b;a;c\n",
			tasks.Row{Content: "n", Lead: "a", Note: "Đơn vị thực hiện: b Lãnh đạo chỉ đạo: c"},
		},
		"who leads and who takes part in one column, over lines": {
			"STT;Nội dung;Đơn vị chủ trì, phối hợp;Thời hạn\n1;n;\"Chủ trì: a\nPhối hợp: b, c\";t\n",
			tasks.Row{Content: "n", Lead: "a", Coordinating: "b, c", Deadline: "t"},
		},
		"who leads and who takes part in one column and another": {
			"STT;Nội dung;Đơn vị thực hiện;Phối hợp;Thời hạn\n1;n;\"Chủ trì: a; phối hợp: b\";c;t\n",
			tasks.Row{Content: "n", Lead: "a", Coordinating: "b; c", Deadline: "t"},
		},
		"one column for both, without labels": {
			"STT;Nội dung;Đơn vị chủ trì, phối hợp;Thời hạn\n1;n;a, b;t\n",
			tasks.Row{Content: "n", Lead: "a, b", Deadline: "t"},
		},
		"two columns of coordinating units": {
			"STT;Nội dung;Phối hợp cấp tỉnh;Phối hợp cấp xã;Thời hạn\n1;n;a;b;t\n",
			tasks.Row{Content: "n", Coordinating: "a; b", Deadline: "t"},
		},
		"two columns of content": {
			"STT;Nhiệm vụ;Nội dung công việc;Thời hạn\n1;n;a;t\n",
			tasks.Row{Content: "n: a", Deadline: "t"},
		},
		"content in the second column only": {
			"STT;Nhiệm vụ;Nội dung công việc;Thời hạn\n1;;a;t\n",
			tasks.Row{Content: "a", Deadline: "t"},
		},
		"a product and a result": {
			"STT;Nội dung;Kết quả thực hiện;Sản phẩm\n1;n;a;b\n",
			tasks.Row{Content: "n", Product: "b", Note: "Kết quả thực hiện: a"},
		},
		"numbers without a heading": {
			";Nội dung;Thời hạn;Ghi chú\n1;n;t;\n",
			tasks.Row{Content: "n", Deadline: "t"},
		},
		"a cell guarded from being a formula": {
			"STT;Nội dung;Thời hạn\n1;'=1+1;'-\n",
			tasks.Row{Content: "=1+1", Deadline: "-"},
		},
		"a cell that began with a guard": {
			"STT;Nội dung;Thời hạn;Ghi chú\n1;''=1+1;'a';''\n",
			tasks.Row{Content: "'=1+1", Deadline: "'a'", Note: "''"},
		},
	} {
		doc, err := readText(t, c.text)
		if err != nil || len(doc.Rows) != 1 {
			t.Errorf("%s: %d rows, error %v", name, len(doc.Rows), err)
			continue
		}
		got := doc.Rows[0]
		c.want.No, c.want.Line = "1", got.Line
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestColumnErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"two deadlines that differ": {"STT;Nội dung;Thời hạn;Hạn xử lý\n1;n;30/6/2023;\n2;n;30/6/2023;31/7/2023\n", "plan.csv:3: task 2 has two deadlines, in the columns Thời hạn, Hạn xử lý; leave one"},
		"no numbers":                {"Nội dung;Chủ trì;Thời hạn\nn;c;t\n", "plan.csv:2: the table has no column of numbers; add one with the heading STT"},
		"no content":                {"STT;Chủ trì;Thời hạn\n1;c;t\n", "plan.csv:1: no header row;"},
	} {
		if _, err := readText(t, c.text); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s …", name, err, c.want)
		}
	}
}
