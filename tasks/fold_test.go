package tasks

import (
	"testing"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestFoldBringsSpellingsTogether(t *testing.T) {
	t.Parallel()
	for _, spellings := range [][]string{
		{"Tòa án nhân dân thành phố", "Toà án nhân dân thành phố", "TÒA ÁN NHÂN DÂN THÀNH PHỐ", "TOÀ ÁN NHÂN DÂN THÀNH PHỐ."},
		{"Ủy ban", "Uỷ ban", "ỦY BAN", "UỶ BAN", "ủy  ban", "Ủy\u00a0ban", "Ủy\u200b ban"},
		{"Văn hóa", "Văn hoá", "VĂN HÓA", "văn hoá ;"},
		{"Quý III", "Qúy III"},
		{"toàn", "tòan"},
		{"thuế", "thúê", norm.NFD.String("thuế")},
		{"Tài chính - Kế hoạch", "TÀI CHÍNH – KẾ HOẠCH", "Tài chính-Kế hoạch", "Tài chính — Kế hoạch", "Tài chính −Kế hoạch", "Tài chính- Kế hoạch"},
		{"UBND các phường-xã", "UBND các các các phường-xã", "UBND  các các phường – xã."},
		{"Các phòng, ban, ngành", "Các phòng,ban , ngành", "các phòng, ban, ngành,"},
		{"Đài", "đài", "ĐÀI"},
	} {
		want := Fold(spellings[0])
		for _, s := range spellings[1:] {
			if got := Fold(s); got != want {
				t.Errorf("Fold(%q) = %q, want %q as for %q", s, got, want, spellings[0])
			}
		}
	}
}

func TestFoldKeepsNamesApart(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"ban", "bàn"}, {"ban", "bân"}, {"dân", "đân"}, {"hoa", "hoà"}, {"hòa", "hóa"},
		{"phường xã", "phường-xã"}, {"phường, xã", "phường-xã"}, {"ba ban", "ba bàn"}, {"của", "cũa"},
	} {
		if Fold(pair[0]) == Fold(pair[1]) {
			t.Errorf("Fold makes one of %q and %q", pair[0], pair[1])
		}
	}
}

func TestFoldOfNothing(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", " ", ".", "…"[:0], "\u00a0\u200b", " ;,. "} {
		if got := Fold(s); got != "" {
			t.Errorf("Fold(%q) = %q, want nothing", s, got)
		}
	}
}

func TestBare(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Sở Tài chính":            "so tai chinh",
		"ĐƯỜNG NGUYỄN HUỆ":        "duong nguyen hue",
		"Ủy ban – Toà, quý, ỡ Ẵ.": "uy ban-toa, quy, o a",
	} {
		if got := Bare(in); got != want {
			t.Errorf("Bare(%q) = %q, want %q", in, got, want)
		}
	}
}

// vietnamese draws text made of what plans are made of.
func vietnamese() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.RuneFrom([]rune("aăâbcdđêghoôơuưyàáảãạằếỡùỷÝỴĐABC  ,;.-–—\u00a0\u00adnđ12éñ\u0300\u0301")), 0, 40, -1)
}

func TestFoldProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(vietnamese(), rapid.String()).Draw(t, "text")
		once := Fold(s)
		if twice := Fold(once); twice != once {
			t.Fatalf("Fold(%q) = %q, and again %q", s, once, twice)
		}
		if got := Fold(norm.NFD.String(s)); got != once {
			t.Fatalf("Fold of the NFD of %q = %q, want %q", s, got, once)
		}
		if got := Fold(Clean(s)); got != once {
			t.Fatalf("Fold(Clean(%q)) = %q, want %q", s, got, once)
		}
	})
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "TOÀ ÁN", "các các – xã.", "\xff\xfe", "ẹ̀́", "élève", "İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if once := Fold(s); Fold(once) != once {
			t.Errorf("Fold(%q) = %q, and again %q", s, once, Fold(once))
		}
	})
}

func BenchmarkFold(b *testing.B) {
	for b.Loop() {
		Fold("PHÒNG LAO ĐỘNG - THƯƠNG BINH VÀ XÃ HỘI")
	}
}
