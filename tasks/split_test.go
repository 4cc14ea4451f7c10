package tasks

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	d := city(t)
	for text, want := range map[string]string{
		"":  "",
		";": "",
		"Công an thành phố, Các phòng, ban, ngành; UBND các phường-xã": "cong-an=Công an thành phố|phong-ban=Các phòng, ban, ngành|phuong-xa=UBND các phường-xã",
		"Phòng Tư Pháp, Công an thành phố, BHXH thành phố":             "tu-phap=Phòng Tư Pháp|cong-an=Công an thành phố|=BHXH thành phố",
		"Các phòng, ban, ngành": "phong-ban=Các phòng, ban, ngành",
		"Các phòng, ban, ngành, đoàn thể; UBND các các các phường-xã":            "phong-ban=Các phòng, ban, ngành, đoàn thể|phuong-xa=UBND các các các phường-xã",
		"UBND các xã, phường, tổ CTTKĐA cấp xã, Tổ CNSCĐ và ĐA06 thôn, ấp, KP":   "phuong-xa=UBND các xã, phường|=tổ CTTKĐA cấp xã|=Tổ CNSCĐ và ĐA06 thôn, ấp|=KP",
		"UBND các phường-xã, các tổ chức, doanh nghiệp":                          "phuong-xa=UBND các phường-xã|=các tổ chức, doanh nghiệp",
		"Các phòng, ngành có liên quan":                                          "=Các phòng, ngành có liên quan",
		"Công an thành phố, Phòng Văn hóa và Thông tin":                          "cong-an=Công an thành phố|vhtt=Phòng Văn hóa và Thông tin",
		"Phòng Văn hóa và Thông tin và Công an thành phố":                        "vhtt=Phòng Văn hóa và Thông tin|cong-an=Công an thành phố",
		"PHÒNG TƯ PHÁP VÀ CÔNG AN THÀNH PHỐ":                                     "tu-phap=PHÒNG TƯ PHÁP|cong-an=CÔNG AN THÀNH PHỐ",
		"Các phòng, ban, ngành và UBND các xã, phường":                           "phong-ban=Các phòng, ban, ngành|phuong-xa=UBND các xã, phường",
		"Phòng Tư pháp, và Công an thành phố":                                    "tu-phap=Phòng Tư pháp|cong-an=Công an thành phố",
		"Công an thành phố và các đơn vị liên quan":                              "=Công an thành phố và các đơn vị liên quan",
		"Sở Thông tin và Truyền thông":                                           "=Sở Thông tin và Truyền thông",
		"các phòng, ban, ngành, đơn vị liên quan, Ủy ban nhân dân các phường-xã": "phong-ban=các phòng, ban, ngành|=đơn vị liên quan|phuong-xa=Ủy ban nhân dân các phường-xã",
		"Phòng Tư pháp,Công an thành phố ,  CATP.":                               "tu-phap=Phòng Tư pháp|cong-an=Công an thành phố|cong-an=CATP.",
		"Sở A; các sở B; Công an thành phố;":                                     "=Sở A|=các sở B|cong-an=Công an thành phố",
		"CÁC PHÒNG, BAN, NGÀNH; UBND CÁC XÃ, PHƯỜNG":                             "phong-ban=CÁC PHÒNG, BAN, NGÀNH|phuong-xa=UBND CÁC XÃ, PHƯỜNG",
		"Phòng Tài chính – Kế hoạch, Toà án nhân dân thành phố":                  "tckh=Phòng Tài chính – Kế hoạch|toa-an=Toà án nhân dân thành phố",
	} {
		var got []string
		for _, ref := range d.Split(text) {
			got = append(got, ref.Code+"="+ref.Text)
		}
		if diff := cmp.Diff(want, strings.Join(got, "|")); diff != "" {
			t.Errorf("Split(%q) (-want +got):\n%s", text, diff)
		}
	}
}

func TestSplitWithoutUnitsKeepsEnumerationsWhole(t *testing.T) {
	t.Parallel()
	d, _ := NewDirectory(nil)
	want := []UnitRef{{"", "Các phòng, ban, ngành"}, {"", "UBND các phường-xã"}, {"", "Công an thành phố"}}
	if diff := cmp.Diff(want, d.Split("Các phòng, ban, ngành; UBND các phường-xã, Công an thành phố")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestSplitDropsNothing puts known and unknown names together with every
// separator: each word comes back, in order, and a name that stands between
// semicolons is found.
func TestSplitDropsNothing(t *testing.T) {
	t.Parallel()
	d := city(t)
	names := []string{"Sở Nội vụ", "doanh nghiệp", "các tổ chức"}
	for _, u := range cityUnits() {
		if !strings.Contains(u.Name, ";") {
			names = append(names, u.Name)
			names = append(names, u.Aliases...)
		}
	}
	letters := func(s string) string {
		return strings.NewReplacer(",", "", ";", "", " ", "").Replace(strings.ReplaceAll(s, " và ", " "))
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "names")
		text := ""
		for i := range n {
			if i > 0 {
				text += rapid.SampledFrom([]string{"; ", ", ", " và ", ",", " ;"}).Draw(t, "separator")
			}
			text += rapid.SampledFrom(names).Draw(t, "name")
		}
		refs := d.Split(text)
		var joined []string
		for _, ref := range refs {
			joined = append(joined, ref.Text)
			if code, ok := d.Match(ref.Text); ok != (ref.Code != "") || code != ref.Code {
				t.Fatalf("Split(%q): %q has the code %q, and Match says %q", text, ref.Text, ref.Code, code)
			}
		}
		if got, want := letters(strings.Join(joined, " ")), letters(text); got != want {
			t.Fatalf("Split(%q) = %q: words are missing", text, joined)
		}
		for piece := range strings.SplitSeq(text, ";") {
			if code, ok := d.Match(piece); ok && !containsCode(refs, code) {
				t.Fatalf("Split(%q) = %v: %q is not found", text, refs, piece)
			}
		}
	})
}

func containsCode(refs []UnitRef, code string) bool {
	for _, ref := range refs {
		if ref.Code == code {
			return true
		}
	}
	return false
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", ";,;", "và và và", "a và, b; ,", "Các phòng, ban, ngành và", "\xff; \x00"} {
		f.Add(s)
	}
	d := city(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, ref := range d.Split(s) {
			if ref.Text == "" || ref.Text != Clean(ref.Text) {
				t.Errorf("Split(%q) has the text %q", s, ref.Text)
			}
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	d := city(b)
	for b.Loop() {
		d.Split("Công an thành phố, Các phòng, ban, ngành; UBND các phường-xã, các tổ chức, doanh nghiệp")
	}
}
