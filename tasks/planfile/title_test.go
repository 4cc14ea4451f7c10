package planfile

import (
	"strings"
	"testing"
)

func TestTitle(t *testing.T) {
	t.Parallel()
	for above, want := range map[string]string{
		"":         "",
		"KẾ HOẠCH": "KẾ HOẠCH",
		"KẾ HOẠCH|Triển khai chuyển đổi số năm 2023":                                                           "KẾ HOẠCH Triển khai chuyển đổi số năm 2023",
		"ỦY BAN NHÂN DÂN|KẾ HOẠCH|-----|Triển khai chuyển đổi số|của thành phố|Căn cứ Luật B|Theo Công văn":    "ỦY BAN NHÂN DÂN KẾ HOẠCH Triển khai chuyển đổi số của thành phố",
		"UBND TỈNH|Số: 1/KH-UBND|KẾ HOẠCH|Về chuyển đổi số|UBND thành phố lập kế hoạch|của năm":                "KẾ HOẠCH Về chuyển đổi số",
		"KẾ HOẠCH|TRIỂN KHAI ĐỀ ÁN 06|của thành phố":                                                           "KẾ HOẠCH TRIỂN KHAI ĐỀ ÁN 06",
		"KẾ HOẠCH|Căn cứ Luật Chuyển đổi số|Thực hiện":                                                         "KẾ HOẠCH",
		"KẾ HOẠCH|(Dự thảo)|Triển khai":                                                                        "KẾ HOẠCH Triển khai",
		"KẾ HOẠCH|" + strings.Repeat("Một đoạn văn dài ", 40):                                                  "KẾ HOẠCH",
		"KẾ HOẠCH|Triển khai Đề án 06|I. MỤC ĐÍCH, YÊU CẦU|Đoạn văn|II. NHIỆM VỤ":                              "KẾ HOẠCH Triển khai Đề án 06",
		"KẾ HOẠCH|Triển khai|PHỤ LỤC|PHÂN CÔNG NHIỆM VỤ":                                                       "PHÂN CÔNG NHIỆM VỤ",
		"PHỤ LỤC|Phân công nhiệm vụ năm 2023|(Kèm theo Kế hoạch số 12/KH-UBND ngày 05/6/2023)":                 "Phân công nhiệm vụ năm 2023",
		"PHỤ LỤC II|(Kèm theo Kế hoạch số 12/KH-UBND ngày 05/6/2023)|Phân công nhiệm vụ năm 2023|Đơn vị: A":    "Phân công nhiệm vụ năm 2023",
		"KẾ HOẠCH|Triển khai|PHỤ LỤC|Kèm theo Kế hoạch số 12/KH-UBND":                                          "KẾ HOẠCH Triển khai",
		"PHỤ LỤC|Kèm theo Kế hoạch số 12/KH-UBND ngày 05/6/2023":                                               "",
		"KẾ HOẠCH số 12/KH-UBND ngày 05/6/2023":                                                                "KẾ HOẠCH số 12/KH-UBND ngày 05/6/2023",
		"Kế hoạch số 12/KH-UBND ngày 05/6/2023|CHUYỂN ĐỔI SỐ NĂM 2023":                                         "CHUYỂN ĐỔI SỐ NĂM 2023",
		"Căn cứ Kế hoạch số 12/KH-UBND ngày 05/6/2023|Theo Kế hoạch số 13/KH-UBND|Danh sách các việc phải làm": "",
	} {
		if got := title(strings.Split(above, "|")); got != want {
			t.Errorf("%q: title %q, want %q", above, got, want)
		}
	}
}

// An annex without a title has the plan's name.
func TestTitleOfAnnex(t *testing.T) {
	t.Parallel()
	for above, want := range map[string]string{
		"PHỤ LỤC;;;\n(Kèm theo Kế hoạch số 12/KH-UBND ngày 05/6/2023 của UBND thành phố)": "Kế hoạch số 12/KH-UBND ngày 05/6/2023 của UBND thành phố",
		"Phụ lục kèm theo Quyết định số 12/QĐ-UBND ngày 05/6/2023":                        "Quyết định số 12/QĐ-UBND ngày 05/6/2023",
		"PHỤ LỤC;;;\n(Kèm theo Kế hoạch số   /KH-UBND ngày   /6/2023 của UBND thành phố)": "",
		"NHIỆM VỤ;;;\n(Kèm theo Kế hoạch số 12/KH-UBND ngày 05/6/2023)":                   "NHIỆM VỤ",
		"Căn cứ Kế hoạch số 12/KH-UBND ngày 05/6/2023":                                    "",
	} {
		doc, err := readText(t, above+";;;\nSTT;Nội dung;Chủ trì;Thời hạn\n1;a;b;c\n")
		if err != nil || doc.Title != want {
			t.Errorf("%q: title %q, error %v; want %q", above, doc.Title, err, want)
		}
	}
}

// Every format has the title, the number and the date that stand above the
// table.
func TestHeadingOfGrids(t *testing.T) {
	t.Parallel()
	lines := []string{"PHỤ LỤC", "Phân công nhiệm vụ năm 2023", "(Kèm theo Kế hoạch số 12/KH-UBND ngày 05/6/2023 của UBND thành phố)"}
	csv := strings.Join(lines, ",,,\n") + ",,,\n" + csvHead + "1,a,,\n"
	fromCSV, err := readText(t, csv)
	if err != nil {
		t.Fatal(err)
	}
	book := bookParts{sheets: []string{cells(1, lines[0]) + cells(2, lines[1]) + cells(3, lines[2]) + headCells(4) + cells(5, "1", "a")}}
	fromXLSX, err := readBook(book.bytes(t), "")
	if err != nil {
		t.Fatal(err)
	}
	fromDOCX, err := readDOCX(docxFile(t, p(lines[0])+p(lines[1])+p(lines[2])+tbl(headRow, tr("1", "a", "", "", "", ""))))
	if err != nil {
		t.Fatal(err)
	}
	for name, doc := range map[string]Document{"csv": fromCSV, "xlsx": fromXLSX, "docx": fromDOCX} {
		if doc.Title != lines[1] || doc.Number != "12/KH-UBND" || doc.Issued.String() != "2023-06-05" {
			t.Errorf("%s: title %q, number %q, issued %s", name, doc.Title, doc.Number, doc.Issued)
		}
	}
}
