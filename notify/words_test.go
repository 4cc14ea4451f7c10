package notify

import (
	"strings"
	"testing"
	"unicode/utf8"

	"nhacviec/tasks"
)

func TestDaysLeft(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{3: "còn 3 ngày", 1: "còn 1 ngày", 0: "hạn hôm nay", -1: "quá hạn 1 ngày", -8: "quá hạn 8 ngày"} {
		if got := daysLeft(n); got != want {
			t.Errorf("daysLeft(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestLongDay(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"thứ Hai 10/07/2023", "thứ Ba 11/07/2023", "thứ Tư 12/07/2023", "thứ Năm 13/07/2023", "thứ Sáu 14/07/2023", "thứ Bảy 15/07/2023", "Chủ nhật 16/07/2023"} {
		d, err := tasks.ParseDay(want[len(want)-len("10/07/2023"):])
		if err != nil {
			t.Fatal(err)
		}
		if got := longDay(d); got != want {
			t.Errorf("longDay(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		max  int
		want string
	}{
		{"Rà soát số liệu", 15, "Rà soát số liệu"},
		{"Rà soát số liệu", 14, "Rà soát số…"},
		{"Rà soát, số liệu", 10, "Rà soát…"},
		{"khônghềcókhoảngtrắng", 10, "khônghềcó…"},
		{"😀😀😀😀", 8, "😀😀😀😀"},
		{"😀😀😀😀", 7, "😀😀😀…"},
		{"😀😀😀😀", 6, "😀😀…"},
		{"a", 1, "a"},
		{"ab", 1, "…"},
		{"", 5, ""},
	}
	for _, tt := range tests {
		got := cut(tt.in, tt.max)
		if got != tt.want {
			t.Errorf("cut(%q, %d) = %q, want %q", tt.in, tt.max, got, tt.want)
		}
		if units16(got) > tt.max {
			t.Errorf("cut(%q, %d) has %d units", tt.in, tt.max, units16(got))
		}
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"white space", "  Rà\u00a0soát \r\n\t số liệu ", "Rà soát số liệu"},
		{"NFD", "Ra\u0300 soa\u0301t", "Rà soát"},
		{"control", "a\x00b\x1b[31mc", "a b [31mc"},
		{"invisible", "a\u200bb\u202ec\ufeff", "abc"},
		{"leading marks", " \u0338 \u0301a", "a"},
		{"invalid", "a\xffb", "ab"},
		{"huge", strings.Repeat("số liệu ", 200_000), "số liệu số liệu số…"},
		{"huge and hollow", "đầu" + strings.Repeat(" ", 1<<20) + "cuối", "đầu …"},
	}
	for _, tt := range tests {
		if got := plain(tt.in, 20); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("nhiệm vụ ", 40) + strings.Repeat("x", 100) + " cuối"
	got := wrap("7.  ", "    ", long)
	if strings.Join(strings.Fields(got), " ") != "7. "+long {
		t.Errorf("words changed: %s", got)
	}
	for i, line := range strings.Split(got, "\n") {
		if n := utf8.RuneCountInString(line); n > 76 && !strings.Contains(line, "xxx") {
			t.Errorf("line %d has %d characters: %s", i+1, n, line)
		}
		if i > 0 && !strings.HasPrefix(line, "    ") {
			t.Errorf("line %d is not indented: %s", i+1, line)
		}
	}
	if n := strings.Count(got, "\n"); n != 6 {
		t.Errorf("%d breaks, want 6:\n%s", n, got)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	names := []string{"Công an thành phố", "Phòng Tư pháp", "Phòng Nội vụ", "Thanh tra"}
	tests := []struct {
		max  int
		want string
	}{
		{100, "Công an thành phố; Phòng Tư pháp; Phòng Nội vụ; Thanh tra"},
		{40, "Công an thành phố; Phòng Tư pháp và 2 đơn vị khác"},
		{1, "Công an thành phố và 3 đơn vị khác"},
	}
	for _, tt := range tests {
		if got := list(names, tt.max); got != tt.want {
			t.Errorf("list(%d) = %q, want %q", tt.max, got, tt.want)
		}
	}
}

func TestSentence(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"Xong": "Xong.", "Xong.": "Xong.", "“sau khi có hướng dẫn.”": "“sau khi có hướng dẫn.”", "và…": "và…", "": ""} {
		if got := sentence(in); got != want {
			t.Errorf("sentence(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestSubject shortens what the reader needs least.
func TestSubject(t *testing.T) {
	t.Parallel()
	tests := []struct {
		unit   string
		counts []string
		want   string
	}{
		{"tu-phap", []string{"2 quá hạn", "1 hạn hôm nay", "5 sắp đến hạn"}, "[Nhắc hạn] 2 quá hạn, 1 hạn hôm nay, 5 sắp đến hạn – Phòng Tư pháp, 12/07/2023"},
		{"lao-dong", []string{"2 quá hạn", "1 hạn hôm nay"}, "[Nhắc hạn] 2 quá hạn, 1 hạn hôm nay – Phòng Lao động - Thương…, 12/07/2023"},
		{"lao-dong", []string{"2 quá hạn", "1 hạn hôm nay", "5 sắp đến hạn"}, "[Nhắc hạn] 2 quá hạn, 1 hạn hôm nay, 5 sắp đến hạn, 12/07/2023"},
		{"cong-an", []string{"12 quá hạn", "11 hạn hôm nay", "25 sắp đến hạn", "15 việc thường xuyên cần báo cáo"}, "[Nhắc hạn] 12 quá hạn, 11 hạn hôm nay, 25 sắp đến hạn – Công an…, 12/07/2023"},
	}
	for _, tt := range tests {
		c := composer{Message: tasks.Message{Recipient: tasks.Recipient{Unit: tt.unit}}, Briefing: tasks.Briefing{Units: planUnits(t)}, day: day("12/07/2023")}
		got := c.subject(tt.counts)
		if got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
		if n := utf8.RuneCountInString(got); n > mostSubject {
			t.Errorf("%d characters: %s", n, got)
		}
	}
}
