package main

import (
	"os"
	"reflect"
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

// strangeTasks are open tasks whose leads mean no unit of the example.
func strangeTasks() []tasks.Task {
	var tt []tasks.Task
	for i, words := range []string{
		"Phòng Tư phap", "Sở Xây dựng", `Công ty "Số 1" \ Đồng Xoài`, "Lead", "office", "CÔNG AN TỈNH, SỞ Y TẾ", "Hội Chữ thập đỏ", "Hoi chu thap do", "Chi cục Thống kê",
		"Công an thành phố; Phòng Tư pháp", "東京", "CA-TP", "van-phong!2", "Hội Nông dân\a\u200e", "123", "UBND các phường Tân Phú", "Cộng an thành phố", "Công an thành phô", "x]\n[y\u2028z",
	} {
		tt = append(tt, tasks.Task{Key: tasks.Key{Plan: "ct05", No: tasks.Number(strconv.Itoa(i + 1))}, Status: tasks.Open, Lead: tasks.UnitRef{Text: words}})
	}
	return tt
}

// withAliases puts the line that a comment offers into the table it names, in
// place of the unit's aliases.
func withAliases(t *testing.T, config, comment string) string {
	t.Helper()
	parts := regexp.MustCompile(`^# in (\[units\.[a-z0-9-]+\]): (aliases = \[.*\])$`).FindStringSubmatch(comment)
	if parts == nil {
		t.Fatalf("%q does not say what belongs where", comment)
	}
	head, rest, found := strings.Cut(config, parts[1]+"\n")
	if !found {
		t.Fatalf("no table %s", parts[1])
	}
	body, after, _ := strings.Cut(rest, "\n[")
	body = regexp.MustCompile(`(?s)\naliases\s*= \[.*?\]`).ReplaceAllLiteralString("\n"+body, "")
	return head + parts[1] + "\n" + parts[2] + body + "\n[" + after
}

// TestUnresolvedCuresLoad puts each cure that is offered into the example
// config, one at a time: it loads, the words mean that unit, and every other
// name what it meant.
func TestUnresolvedCuresLoad(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	d := loadExample(t).Units
	cures := 0
	for _, u := range tasks.FindUnresolved(strangeTasks(), d) {
		for _, cure := range u.Cures {
			cures++
			changed := string(text) + "\n" + cure.TOML + "\n"
			if !cure.New {
				changed = withAliases(t, string(text), cure.TOML)
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
				want := before.Aliases
				if before.Code == cure.Unit {
					want = append(slices.Clone(want), u.Text)
				}
				if !slices.Equal(after.Aliases, want) {
					t.Errorf("%q: %s has the aliases %q, want %q", u.Text, before.Code, after.Aliases, want)
				}
			}
		}
	}
	if cures < 20 {
		t.Errorf("only %d cures", cures)
	}
}

// TestUnresolvedPasted puts all that units --unresolved prints at the end of
// the example config: it loads, each name means what it meant, words that
// resemble no unit are units of their own, and the others are still asked about.
func TestUnresolvedPasted(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	before := loadExample(t)
	found := tasks.FindUnresolved(strangeTasks(), before.Units)
	var out strings.Builder
	a := app{stdout: &out}
	if err := a.printUnresolved(found); err != nil {
		t.Fatal(err)
	}
	after, err := load(t, string(text)+out.String())
	if err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	for _, w := range after.Warnings {
		if !strings.HasPrefix(w.Reason, "no configured channel reaches this unit") {
			t.Errorf("warning: %s", w)
		}
	}
	for i, u := range before.Units.Units() {
		if got := after.Units.Units()[i]; !reflect.DeepEqual(got, u) {
			t.Errorf("%s is %+v, was %+v", u.Code, got, u)
		}
	}
	settled, asked := 0, 0
	for _, u := range found {
		code, means := after.Units.Match(u.Text)
		if last := u.Cures[len(u.Cures)-1]; len(u.Cures) == 1 {
			settled++
			if code != last.Unit {
				t.Errorf("%q means %q, want the new %s", u.Text, code, last.Unit)
			}
		} else if asked++; means {
			t.Errorf("%q, which nearly names %v, means %s", u.Text, u.Like, code)
		}
	}
	if settled < 8 || asked < 5 {
		t.Errorf("%d settled, %d asked about", settled, asked)
	}
	for line := range strings.Lines(out.String()) {
		if line = strings.TrimSuffix(line, "\n"); strings.HasPrefix(line, "# in [units.") {
			if _, err := load(t, withAliases(t, string(text)+out.String(), line)); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	if !strings.Contains(out.String(), "# (and keep in the list what you put there for \"Cộng an thành phố\")\n# in [units.cong-an]: ") {
		t.Errorf("two names that may be one unit's:\n%s", out.String())
	}
}
