package main

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"nhacviec/tasks"
)

// codes returns the units that a cell means, by code; unknown words in quotes.
func codes(d *tasks.Directory, cell string) string {
	var out []string
	for _, ref := range d.Split(cell) {
		if ref.Code == "" {
			ref.Code = `"` + ref.Text + `"`
		}
		out = append(out, ref.Code)
	}
	return strings.Join(out, " ")
}

// TestUnitCells reads cells as offices write them with the units of the
// example: what is left of spelling is the folding's and the aliases' work, and
// what is nearly a name stays text.
func TestUnitCells(t *testing.T) {
	t.Parallel()
	d := loadExample(t).Units
	for cell, want := range map[string]string{
		"Công an thành phố, Các phòng, ban, ngành; UBND các phường-xã": "cong-an cac-phong-ban phuong-xa",
		"Phòng Tư Pháp, Công an thành phố, BHXH thành phố":             "tu-phap cong-an bao-hiem-xa-hoi",
		"Các phòng, ban, ngành":             "cac-phong-ban",
		"UBND các các phường-xã":            "phuong-xa",
		"UBND các các các phường-xã":        "phuong-xa",
		"Toà án nhân dân thành phố":         "toa-an",
		"Tòa án nhân dân thành phố":         "toa-an",
		"NHNN chi nhánh tỉnh":               "ngan-hang-nha-nuoc",
		"Ngân hàng Nhà nước chi nhánh tỉnh": "ngan-hang-nha-nuoc",

		// Case, tone marks, decomposed letters.
		"CÔNG AN THÀNH PHỐ":                                          "cong-an",
		"công an thành phố":                                          "cong-an",
		"Công An Thành Phố":                                          "cong-an",
		norm.NFD.String("Công an thành phố"):                         "cong-an",
		norm.NFD.String("Phòng Văn hóa và Thông tin"):                "van-hoa",
		"Phòng Văn hoá và Thông tin":                                 "van-hoa",
		"PHÒNG VĂN HOÁ VÀ THÔNG TIN":                                 "van-hoa",
		"Uỷ ban nhân dân thành phố":                                  "ubnd",
		"Ủy ban nhân dân thành phố":                                  "ubnd",
		"TOÀ ÁN NHÂN DÂN THÀNH PHỐ":                                  "toa-an",
		"Uỷ ban nhân dân các phường-xã":                              "phuong-xa",
		"ỦY BAN NHÂN DÂN CÁC PHƯỜNG, XÃ":                             "phuong-xa",
		"Uỷ ban Mặt trận Tổ quốc Việt Nam và các đoàn thể thành phố": "doan-the",

		// White space, dashes, points at the end.
		"  Công   an  thành phố ":                "cong-an",
		"Công\u00a0an\u00a0thành phố":            "cong-an",
		"Công an\nthành phố":                     "cong-an",
		"Công an thành\u200b phố":                "cong-an",
		"Công an thành phố.":                     "cong-an",
		"Công an thành phố;":                     "cong-an",
		"Công an thành phố,":                     "cong-an",
		"Phòng Tài chính – Kế hoạch":             "tai-chinh-ke-hoach",
		"Phòng Tài chính — Kế hoạch":             "tai-chinh-ke-hoach",
		"Phòng Tài chính-Kế hoạch":               "tai-chinh-ke-hoach",
		"Phòng Tài chính‑Kế hoạch":               "tai-chinh-ke-hoach",
		"Phòng Tài chính −Kế hoạch":              "tai-chinh-ke-hoach",
		"Phòng Lao động – Thương binh và Xã hội": "lao-dong",
		"PHÒNG LAO ĐỘNG-THƯƠNG BINH VÀ XÃ HỘI":   "lao-dong",
		"Phòng Lao động - Thương binh & Xã hội":  "lao-dong",
		"Phòng Lao động, Thương binh và Xã hội":  "lao-dong",
		"Phòng LĐ - TB&XH":                       "lao-dong",
		"Phòng LĐ-TB & XH":                       "lao-dong",
		"Phòng LĐ–TBXH":                          "lao-dong",
		"UBND các phường - xã":                   "phuong-xa",
		"UBND các phường – xã":                   "phuong-xa",
		"UBND các phường,xã":                     "phuong-xa",
		"UBND các phường , xã":                   "phuong-xa",
		"UBND các phường/xã":                     "phuong-xa",
		"UBND các phường và xã":                  "phuong-xa",
		"UBND các xã và phường":                  "phuong-xa",
		"UBND phường, xã":                        "phuong-xa",
		"UBND xã, phường":                        "phuong-xa",
		"UBND phường-xã":                         "phuong-xa",
		"các phường, xã":                         "phuong-xa",
		"- Công an thành phố":                    "cong-an",
		"+ Công an thành phố":                    "cong-an",
		"• Công an thành phố":                    "cong-an",
		"Công an thành phố -":                    "cong-an",

		// Short forms.
		"CATP":                            "cong-an",
		"CA thành phố":                    "cong-an",
		"CA TP":                           "cong-an",
		"Công an TP":                      "cong-an",
		"Công an TP.":                     "cong-an",
		"VP HĐND-UBND thành phố":          "van-phong",
		"VP HĐND và UBND TP":              "van-phong",
		"Văn phòng HĐND & UBND thành phố": "van-phong",
		"Văn phòng HĐND-UBND thành phố":   "van-phong",
		"Văn phòng HĐND và UBND":          "van-phong",
		"Phòng GD-ĐT":                     "giao-duc",
		"Phòng GD & ĐT":                   "giao-duc",
		"Phòng Giáo dục & Đào tạo":        "giao-duc",
		"Phòng Giáo dục - Đào tạo":        "giao-duc",
		"Phòng VH-TT":                     "van-hoa",
		"Phòng VH & TT":                   "van-hoa",
		"Phòng Văn hóa - Thông tin":       "van-hoa",
		"Phòng Văn hóa & Thông tin":       "van-hoa",
		"Phòng TN-MT":                     "tai-nguyen",
		"Phòng TN & MT":                   "tai-nguyen",
		"Phòng Tài nguyên & Môi trường":   "tai-nguyen",
		"Phòng Tài nguyên - Môi trường":   "tai-nguyen",
		"Phòng TCKH":                      "tai-chinh-ke-hoach",
		"Phòng TC - KH":                   "tai-chinh-ke-hoach",
		"Phòng Tài chính và Kế hoạch":     "tai-chinh-ke-hoach",
		"BHXH TP":                         "bao-hiem-xa-hoi",
		"BHXH":                            "bao-hiem-xa-hoi",
		"Bảo hiểm xã hội":                 "bao-hiem-xa-hoi",
		"TAND TP":                         "toa-an",
		"Toà án ND thành phố":             "toa-an",
		"VKSND TP":                        "vien-kiem-sat",
		"Viện KSND thành phố":             "vien-kiem-sat",
		"TTYT":                            "trung-tam-y-te",
		"TTYT TP":                         "trung-tam-y-te",
		"Đài TT-TH":                       "dai-truyen-thanh",
		"Đài Truyền thanh - Truyền hình":  "dai-truyen-thanh",
		"Chi cục Thuế khu vực Đồng Xoài – Đồng Phú": "thue",
		"Chi cục Thuế":         "thue",
		"Phòng QLĐT":           "quan-ly-do-thi",
		"Phòng Quản lý Đô thị": "quan-ly-do-thi",
		"UBND TP":              "ubnd",
		"UBND thành phố":       "ubnd",

		// Lists, groups, nothing.
		"Công an thành phố - Phòng Tư pháp":                    "cong-an tu-phap",
		"Công an thành phố và Phòng Tư pháp":                   "cong-an tu-phap",
		"Công an thành phố, và Phòng Tư pháp":                  "cong-an tu-phap",
		"Công an thành phố\n- Phòng Tư pháp":                   "cong-an tu-phap",
		"Công an thành phố/Phòng Tư pháp":                      `"Công an thành phố/Phòng Tư pháp"`,
		"Các phòng, ban, ngành thành phố; UBND các xã, phường": "cac-phong-ban phuong-xa",
		"Các phòng, ban, ngành và UBND các phường, xã":         "cac-phong-ban phuong-xa",
		"Các phòng,ban,ngành,UBND các phường,xã":               "cac-phong-ban phuong-xa",
		"Các phòng ban, ngành":                                 "cac-phong-ban",
		"Các phòng, ban ngành":                                 "cac-phong-ban",
		"Các phòng, ban và ngành":                              "cac-phong-ban",
		"các cơ quan, đơn vị liên quan":                        "phong-ban-lien-quan",
		"Các cơ quan, đơn vị có liên quan":                     "phong-ban-lien-quan",
		"":    "",
		"-":   "",
		" – ": "",
		"…":   "",
		"/":   "",
		"Phòng Tư pháp; -; Công an thành phố": "tu-phap cong-an",
	} {
		if got := codes(d, cell); got != want {
			t.Errorf("%q means %s, want %s", cell, got, want)
		}
	}
}

// TestNearMisses: what is nearly a name is never taken for it; a person is
// asked.
func TestNearMisses(t *testing.T) {
	t.Parallel()
	d := loadExample(t).Units
	for words, want := range map[string]string{
		"Phòng Tư phap":               "tu-phap",
		"Cong an thanh pho":           "cong-an",
		"Công an thành phố Đồng Xoài": "cong-an",
		"Cộng an thành phố":           "cong-an",
		"Phòng Kinh tế - Hạ tầng":     "kinh-te",
		"UBND phường Tân Phủ":         "phuong-tan-phu",
		"U.B.N.D các phường, xã":      "phuong-xa",
		"Phòng Giáo dục Đạo tạo":      "giao-duc",
		"Sở Nội vụ tỉnh":              "so-noi-vu",
	} {
		if code, ok := d.Match(words); ok {
			t.Errorf("%q is taken for %s", words, code)
		}
		if got := d.Suggest(words); !slices.Contains(got, want) {
			t.Errorf("%q: did you mean %v, want %s among them", words, got, want)
		}
	}
	for _, words := range []string{"Hội Nông dân", "Kho bạc Nhà nước", "abc"} {
		if got := d.Suggest(words); len(got) > 0 {
			t.Errorf("%q: did you mean %v", words, got)
		}
	}
}

// TestUnresolvedCuresLoad puts each cure that is offered into the example
// config, one at a time: it loads, and the words mean that unit.
func TestUnresolvedCuresLoad(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	d := loadExample(t).Units
	var tt []tasks.Task
	for i, words := range []string{
		"Phòng Tư phap", "Sở Xây dựng", `Công ty "Số 1" \ Đồng Xoài`, "Lead", "office", "CÔNG AN TỈNH, SỞ Y TẾ",
		"Công an thành phố; Phòng Tư pháp", "東京", "CA-TP", "van-phong!2", "Hội Nông dân\a\u200e", "123", "UBND các phường Tân Phú",
	} {
		tt = append(tt, tasks.Task{Key: tasks.Key{Plan: "ct05", No: tasks.Number(strconv.Itoa(i + 1))}, Status: tasks.Open, Lead: tasks.UnitRef{Text: words}})
	}
	cures := 0
	for _, u := range tasks.FindUnresolved(tt, d) {
		for _, cure := range u.Cures {
			cures++
			table := "[units." + cure.Unit + "]\n"
			changed := string(text) + "\n" + cure.TOML + "\n"
			if !cure.New {
				head, rest, found := strings.Cut(string(text), table)
				if !found {
					t.Fatalf("%q: no table %s", u.Text, table)
				}
				body, after, _ := strings.Cut(rest, "\n[")
				body = regexp.MustCompile(`(?s)\naliases\s*= \[.*?\]`).ReplaceAllLiteralString("\n"+body, "")
				changed = head + table + cure.TOML + body + "\n[" + after
			}
			c, err := load(t, changed)
			if err != nil {
				t.Errorf("%q: %s: %v", u.Text, cure.TOML, err)
				continue
			}
			if code, _ := c.Units.Match(u.Text); code != cure.Unit {
				t.Errorf("%q means %q, want %q with %s", u.Text, code, cure.Unit, cure.TOML)
			}
			for _, before := range d.Units() {
				after, _ := c.Units.Unit(before.Code)
				if before.Code != cure.Unit && !slices.Equal(before.Aliases, after.Aliases) || !cure.New && len(after.Aliases) < len(before.Aliases) {
					t.Errorf("%q: %s has the aliases %q, had %q", u.Text, before.Code, after.Aliases, before.Aliases)
				}
			}
		}
	}
	if cures < 15 {
		t.Errorf("only %d cures", cures)
	}
}
