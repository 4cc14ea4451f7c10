package tasks

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mail(address string) map[Channel][]string { return map[Channel][]string{Email: {address}} }

// cityUnits are units as the seed plan names them, in the order of a config.
func cityUnits() []Unit {
	return []Unit{
		{Code: "ubnd", Name: "Ủy ban nhân dân thành phố", Addresses: mail("ubnd@example.gov.vn")},
		{Code: "van-phong", Name: "Văn phòng HĐND và UBND thành phố", Addresses: mail("vp@example.gov.vn"), Superior: "ubnd"},
		{Code: "cong-an", Name: "Công an thành phố", Aliases: []string{"CATP"}, Addresses: mail("catp@example.gov.vn"), Superior: "ubnd"},
		{Code: "tu-phap", Name: "Phòng Tư pháp", Addresses: mail("tuphap@example.gov.vn")},
		{Code: "vhtt", Name: "Phòng Văn hóa và Thông tin", Addresses: map[Channel][]string{Telegram: {"-1001"}}},
		{Code: "tckh", Name: "Phòng Tài chính - Kế hoạch"},
		{Code: "toa-an", Name: "Tòa án nhân dân thành phố", Addresses: mail("toaan@example.gov.vn")},
		{Code: "phong-ban", Name: "Các phòng, ban, ngành", Aliases: []string{"Các phòng, ban, ngành, đoàn thể"}, Members: []string{"tu-phap", "vhtt", "tckh"}},
		{Code: "phuong-1", Name: "UBND phường Tân Bình", Addresses: mail("p1@example.gov.vn")},
		{Code: "phuong-2", Name: "UBND xã Tân Thành", Addresses: mail("p2@example.gov.vn")},
		{Code: "phuong-xa", Name: "UBND các phường-xã", Aliases: []string{"UBND các xã, phường", "Ủy ban nhân dân các phường-xã"},
			Members: []string{"phuong-1", "phuong-2"}, Addresses: map[Channel][]string{Telegram: {"-1002"}}},
		{Code: "tat-ca", Name: "CÁC PHÒNG, BAN, NGÀNH; UBND CÁC XÃ, PHƯỜNG", Members: []string{"phong-ban", "phuong-xa", "tu-phap"}},
	}
}

func city(t testing.TB) *Directory {
	t.Helper()
	d, problems := NewDirectory(cityUnits())
	if len(problems) > 0 {
		t.Fatalf("the units of the tests have problems: %v", problems)
	}
	return d
}

func TestNewDirectoryReportsEveryProblem(t *testing.T) {
	t.Parallel()
	d, got := NewDirectory([]Unit{
		{Code: "a", Name: "Phòng A", Aliases: []string{"Phòng  a.", "PA"}},
		{Code: "b", Name: "PHÒNG A"},
		{Code: "c", Name: " ", Aliases: []string{"pa", "."}},
		{Code: "d", Name: "Nhóm D", Members: []string{"e", "nobody"}, Superior: "no-one"},
		{Code: "e", Name: "Nhóm E", Members: []string{"f"}, Superior: "e"},
		{Code: "f", Name: "Nhóm F", Members: []string{"d"}},
		{Code: "g", Name: "Nhóm G", Members: []string{"g", "a"}},
		{Code: "a", Name: "Phòng thứ hai"},
		{Code: "h", Name: "b"},
	})
	want := []UnitProblem{
		{"a", "code", "a", "must be given, and only once"},
		{"b", "name", "PHÒNG A", "means the unit a already"},
		{"c", "name", " ", "must not be empty"},
		{"c", "aliases", "pa", "means the unit a already"},
		{"c", "aliases", ".", "must not be empty"},
		{"d", "members", "nobody", "is not the code of a unit"},
		{"d", "superior", "no-one", "is not the code of a unit"},
		{"e", "superior", "e", "is the unit itself"},
		{"b", "code", "b", "means the unit h already"},
		{"f", "members", "d", "makes the group a member of itself"},
		{"g", "members", "g", "makes the group a member of itself"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if code, _ := d.Match("phòng a"); code != "a" {
		t.Errorf("of two units that claim a name the first has it: got %q", code)
	}
	if n := len(d.Audience("d")); n != 0 {
		t.Errorf("a cycle without a plain unit tells %d units, want 0", n)
	}
	if s := got[1].Error(); !strings.Contains(s, "unit b: name: ") || !strings.Contains(s, `"PHÒNG A"`) {
		t.Errorf("a problem reads %q", s)
	}
}

func TestDirectoryUnits(t *testing.T) {
	t.Parallel()
	d := city(t)
	if diff := cmp.Diff(cityUnits(), d.Units()); diff != "" {
		t.Errorf("Units (-want +got):\n%s", diff)
	}
	d.Units()[0].Code = "changed"
	if d.Units()[0].Code != "ubnd" {
		t.Error("a caller can change the directory")
	}
	if u, ok := d.Unit("cong-an"); !ok || u.Name != "Công an thành phố" {
		t.Errorf("Unit(cong-an) = %v, %v", u, ok)
	}
	if _, ok := d.Unit("nobody"); ok {
		t.Error("Unit finds a code that is none")
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	d := city(t)
	for text, want := range map[string]string{
		"CÔNG AN THÀNH PHỐ":                             "cong-an",
		"catp":                                          "cong-an",
		"cong-an":                                       "cong-an",
		"Toà án nhân dân thành phố.":                    "toa-an",
		"PHÒNG TÀI CHÍNH – KẾ HOẠCH":                    "tckh",
		"Phòng Văn hoá và Thông tin":                    "vhtt",
		"UBND các các các phường - xã":                  "phuong-xa",
		"CÁC PHÒNG, BAN, NGÀNH; UBND CÁC XÃ, PHƯỜNG":    "tat-ca",
		"Các phòng,  ban,  ngành ; UBND các xã, phường": "tat-ca",
		"Các phòng, ban, ngành và UBND các xã, phường":  "",
		"Phòng Văn hóa & Thông tin":                     "vhtt",
		"Công an TP.":                                   "cong-an",
		"Công an":                                       "",
		"Cong an thanh pho":                             "",
		"":                                              "",
	} {
		if got, ok := d.Match(text); got != want || ok != (want != "") {
			t.Errorf("Match(%q) = %q, %v, want %q", text, got, ok, want)
		}
	}
}

func TestAudience(t *testing.T) {
	t.Parallel()
	d := city(t)
	for code, want := range map[string][]string{
		"cong-an":   {"cong-an"},
		"tckh":      {"tckh"},
		"phong-ban": {"tu-phap", "vhtt", "tckh"},
		"phuong-xa": {"phuong-1", "phuong-2", "phuong-xa"},
		"tat-ca":    {"tu-phap", "vhtt", "tckh", "phuong-1", "phuong-2", "phuong-xa"},
		"nobody":    nil,
		"":          nil,
	} {
		var got []string
		for _, u := range d.Audience(code) {
			got = append(got, u.Code)
		}
		if !slices.Equal(got, want) {
			t.Errorf("Audience(%q) = %v, want %v", code, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	d := city(t)
	given := Task{
		Lead: UnitRef{"gone", "CÔNG AN THÀNH PHỐ"},
		Coordinating: []UnitRef{
			{"tu-phap", "whatever it said"},
			{"", "Phòng Văn hoá và Thông tin, CATP"},
			{"gone", "Sở Nội vụ"},
		},
	}
	before := slices.Clone(given.Coordinating)
	got := d.Resolve(given)
	if want := (UnitRef{"cong-an", "CÔNG AN THÀNH PHỐ"}); got.Lead != want {
		t.Errorf("lead = %v, want %v", got.Lead, want)
	}
	want := []UnitRef{{"tu-phap", "whatever it said"}, {"vhtt", "Phòng Văn hoá và Thông tin"}, {"cong-an", "CATP"}, {"", "Sở Nội vụ"}}
	if diff := cmp.Diff(want, got.Coordinating); diff != "" {
		t.Errorf("coordinating (-want +got):\n%s", diff)
	}
	if !slices.Equal(given.Coordinating, before) {
		t.Error("Resolve changed the task it was given")
	}
	if diff := cmp.Diff(got, d.Resolve(got)); diff != "" {
		t.Errorf("resolving again changes (-once +twice):\n%s", diff)
	}
	both := d.Resolve(Task{Lead: UnitRef{"", "CÁC PHÒNG, BAN, NGÀNH; UBND CÁC XÃ, PHƯỜNG"}})
	if both.Lead.Code != "tat-ca" {
		t.Errorf("a lead of several units = %v, want the group", both.Lead)
	}
}

func TestResolveOfKnownUnitsAllocatesNothing(t *testing.T) {
	d := city(t)
	task := resolvedTask()
	if n := testing.AllocsPerRun(100, func() { d.Resolve(task) }); n != 0 {
		t.Errorf("Resolve allocates %v times", n)
	}
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	d := city(t)
	for text, want := range map[string][]string{
		"cong an thanh pho":           {"cong-an"},
		"Công an thành phốo":          {"cong-an"},
		"Phòng Tư phap":               {"tu-phap"},
		"Công an thành phố Đồng Xoài": {"cong-an"},
		"cong-na":                     {"cong-an"},
		"Sở Giao thông vận tải":       nil,
		"Viện kiểm sát nhân dân":      nil,
		"Tòa án nhân dân các cấp":     nil,
		"Ủy ban nhân dân thành phô":   {"ubnd"},
		"TA":                          nil,
		"":                            nil,
		"Uỷ ban nhân dân các phường, xã": {"phuong-xa"},
	} {
		if got := d.Suggest(text); !slices.Equal(got, want) {
			t.Errorf("Suggest(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestEditDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b  string
		limit int
		want  int
	}{
		{"", "", 3, 0}, {"abc", "abc", 0, 0}, {"abc", "", 3, 3}, {"", "abc", 2, 3}, {"kitten", "sitting", 3, 3},
		{"kitten", "sitting", 2, 3}, {"ab", "ba", 5, 2}, {"phong", "phon", 1, 1}, {"abcdef", "ghijkl", 2, 3},
	} {
		if got := editDistance([]rune(c.a), []rune(c.b), c.limit); got != c.want {
			t.Errorf("editDistance(%q, %q, %d) = %d, want %d", c.a, c.b, c.limit, got, c.want)
		}
	}
}

func resolvedTask() Task {
	return Task{
		Lead:         UnitRef{"cong-an", "CÔNG AN THÀNH PHỐ"},
		Coordinating: []UnitRef{{"phong-ban", "Các phòng, ban, ngành"}, {"phuong-xa", "UBND các phường-xã"}},
	}
}

func BenchmarkResolve(b *testing.B) {
	d := city(b)
	known := resolvedTask()
	open := resolvedTask()
	open.Coordinating = append(open.Coordinating, UnitRef{"", "Ngân hàng Nhà nước chi nhánh tỉnh"})
	for name, task := range map[string]Task{"known": known, "one-unknown": open} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d.Resolve(task)
			}
		})
	}
}

func BenchmarkSuggest(b *testing.B) {
	d := city(b)
	for b.Loop() {
		d.Suggest("Ngân hàng Nhà nước chi nhánh tỉnh")
	}
}
