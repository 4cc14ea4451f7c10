package planfile

import "testing"

func TestNumberAndIssued(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prose          []string
		number, issued string
	}{
		"an annex":                 {[]string{"(ban hành kèm theo Kế hoạch số 12/KH-UBND ngày 05/6/2023 của Ủy ban nhân dân thành phố)"}, "12/KH-UBND", "2023-06-05"},
		"an annex over two lines":  {[]string{"(Ban hành kèm theo Kế hoạch số 12/KH-UBND", "ngày 05 tháng 6 năm 2023 của Ủy ban nhân dân thành phố)"}, "12/KH-UBND", "2023-06-05"},
		"another document":         {[]string{"(Kèm theo Quyết định số 1234/QĐ-UBND ngày 5.6.2023 của Chủ tịch)"}, "1234/QĐ-UBND", "2023-06-05"},
		"a number with a year":     {[]string{"(Kèm theo Nghị quyết số 05/2023/NQ-HĐND ngày 05-06-2023)"}, "05/2023/NQ-HĐND", "2023-06-05"},
		"a number in parts":        {[]string{"(Kèm theo Công văn số: 7/BC-BCĐ&TCT ngày 5/6/2023)"}, "7/BC-BCĐ&TCT", "2023-06-05"},
		"a letterhead":             {[]string{"ỦY BAN NHÂN DÂN", "Số: 05/KH-UBND", "Đồng Xoài, ngày 05 tháng 6 năm 2023"}, "05/KH-UBND", "2023-06-05"},
		"a letterhead in cells":    {[]string{"UBND THÀNH PHỐ ĐỒNG XOÀI Số: 05 /KH-UBND", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc Đồng Xoài, ngày 05 tháng 6 năm 2023"}, "05/KH-UBND", "2023-06-05"},
		"a draft":                  {[]string{"(ban hành kèm theo Kế hoạch số /KH-UBND ngày /6/2023 của Ủy ban)"}, "", ""},
		"a draft, dotted":          {[]string{"(ban hành kèm theo Kế hoạch số …/KH-UBND ngày …/6/2023 của Ủy ban)"}, "", ""},
		"a draft of a letterhead":  {[]string{"Số: /KH-UBND", "Đồng Xoài, ngày tháng 6 năm 2023"}, "", ""},
		"a draft's annex":          {[]string{"Số: 05/KH-UBND", "Đồng Xoài, ngày 05 tháng 6 năm 2023", "(kèm theo Kế hoạch số 05/KH-UBND ngày /6/2023)"}, "05/KH-UBND", ""},
		"an annex before the head": {[]string{"Số: 9/BC-UBND", "(kèm theo Kế hoạch số 05/KH-UBND ngày 05/6/2023)"}, "05/KH-UBND", "2023-06-05"},
		"two that differ":          {[]string{"(kèm theo Kế hoạch số 5/KH-UBND ngày 05/6/2023)", "(kèm theo Kế hoạch số 6/KH-UBND ngày 05/6/2023)"}, "", "2023-06-05"},
		"a cited document":         {[]string{"Căn cứ Nghị quyết số 50/NQ-CP ngày 08/4/2022 của Chính phủ"}, "", ""},
		"no such day":              {[]string{"(kèm theo Kế hoạch số 5/KH-UBND ngày 31/6/2023)"}, "5/KH-UBND", ""},
		"nothing":                  {nil, "", ""},
	} {
		if got := planNumber(c.prose); got != c.number {
			t.Errorf("%s: number %q, want %q", name, got, c.number)
		}
		if got, _ := issued(c.prose); got.String() != c.issued {
			t.Errorf("%s: issued %q, want %q", name, got, c.issued)
		}
	}
}

func TestOwnHeading(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		above                 []string
		number, issued, dated string
	}{
		"the first line":            {[]string{"KẾ HOẠCH số 12/KH-UBND ngày 05/6/2023"}, "12/KH-UBND", "2023-06-05", ""},
		"in small letters":          {[]string{"Kế hoạch số 12/KH-UBND ngày 05 tháng 6 năm 2023 của UBND thành phố"}, "12/KH-UBND", "2023-06-05", ""},
		"below a letterhead":        {[]string{"UBND THÀNH PHỐ", "PHỤ LỤC", "Quyết định số: 12/QĐ-UBND, ngày 05/6/2023"}, "12/QĐ-UBND", "2023-06-05", ""},
		"a number only":             {[]string{"KẾ HOẠCH SỐ 12/KH-UBND"}, "12/KH-UBND", "", ""},
		"a draft":                   {[]string{"KẾ HOẠCH số   /KH-UBND ngày   /6/2023"}, "", "", "month 6/2023"},
		"cited below":               {[]string{"Căn cứ Kế hoạch số 10/KH-UBND ngày 01/02/2023 của UBND tỉnh"}, "", "", ""},
		"a list of cited ones":      {[]string{"Căn cứ:", "Kế hoạch số 10/KH-UBND ngày 01/02/2023 của UBND tỉnh"}, "", "", ""},
		"one of a list":             {[]string{"Quyết định số 10/QĐ-TTg ngày 01/02/2023 của Thủ tướng;"}, "", "", ""},
		"by which it is made":       {[]string{"Theo Kế hoạch số 10/KH-UBND ngày 01/02/2023"}, "", "", ""},
		"in an annex's title":       {[]string{"PHỤ LỤC", "Nhiệm vụ thực hiện Kế hoạch số 10/KH-UBND ngày 01/02/2023"}, "", "", ""},
		"in a title over two lines": {[]string{"NHIỆM VỤ THỰC HIỆN", "KẾ HOẠCH SỐ 10/KH-UBND NGÀY 01/02/2023"}, "", "", ""},
		"an annex says otherwise":   {[]string{"Kế hoạch số 10/KH-UBND ngày 01/02/2023", "(kèm theo Kế hoạch số 12/KH-UBND ngày 05/6/2023)"}, "12/KH-UBND", "2023-06-05", ""},
		"a draft's annex":           {[]string{"(ban hành kèm theo Kế hoạch số    /KH-UBND ngày   /6/2023 của UBND)"}, "", "", "month 6/2023"},
		"a draft's annex, dotted":   {[]string{"(ban hành kèm theo Kế hoạch số …/KH-UBND ngày … tháng 06 năm 2023)"}, "", "", "month 6/2023"},
		"a draft's letterhead":      {[]string{"Số:   /KH-UBND", "Đồng Xoài, ngày     tháng 6 năm 2023"}, "", "", "month 6/2023"},
		"a draft without a month":   {[]string{"Đồng Xoài, ngày … tháng … năm 2023"}, "", "", "year 2023"},
		"a day that is none":        {[]string{"(kèm theo Kế hoạch số 5/KH-UBND ngày 31/6/2023)"}, "5/KH-UBND", "", ""},
	} {
		h := readHeading(c.above, c.above)
		if h.number != c.number || h.issued.String() != c.issued || h.dated != c.dated {
			t.Errorf("%s: number %q, issued %q, dated %q", name, h.number, h.issued, h.dated)
		}
	}
}
