package tasks

import (
	"encoding/json"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var issued = mustDate("2023-06-05")

func mustDate(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

// terms writes a deadline as the columns of testdata/deadlines.tsv. A series
// is written with its dates in the year from the day of issue.
func terms(d Deadline) string {
	y, m, day := issued.Split()
	until, _ := NewDate(y+1, m, day-1)
	dates := d.Due
	if d.Kind == Periodic {
		dates = d.DueIn(issued, until)
	}
	var due []string
	for _, day := range dates {
		due = append(due, day.String())
	}
	ongoing := "0"
	if d.Ongoing {
		ongoing = "1"
	}
	return strings.Join([]string{string(d.Kind), strings.Join(due, ","), ongoing, d.From.String()}, " | ")
}

func TestDeadlinePhrases(t *testing.T) {
	t.Parallel()
	phrasesOf(t, "testdata/deadlines.tsv", 53, terms)
	phrasesOf(t, "testdata/phrases.tsv", 2414, ruled)
}

// phrasesOf reads every phrase of a table, and again in other guises that mean
// the same.
func phrasesOf(t *testing.T, file string, number int, write func(Deadline) string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.SplitSeq(strings.TrimSuffix(string(data), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		n++
		text, want, _ := strings.Cut(line, "\t")
		want = strings.ReplaceAll(want, "\t", " | ")
		guises := []string{
			text,
			norm.NFD.String(text),
			strings.ToUpper(text),
			strings.ReplaceAll(text, " ", " \u00a0\t"),
			"(" + text + ")",
			text + ".",
			" \u200b" + text + "; ",
			strings.ReplaceAll(text, "/", " / "),
			strings.ReplaceAll(text, "-", "–"),
		}
		if underRace { // each guise is worn by every ninth phrase
			guises = []string{text, guises[n%len(guises)]}
		}
		for _, guise := range guises {
			if got := write(ParseDeadline(guise, issued)); got != want {
				t.Errorf("%s: %q\n got %s\nwant %s", file, guise, got, want)
			}
		}
	}
	if n != number {
		t.Errorf("%d phrases in %s, want %d", n, file, number)
	}
}

// ruled is terms with the RRULE in place of the dates of a series.
func ruled(d Deadline) string {
	if d.RRule == nil {
		return terms(d)
	}
	columns := strings.Split(terms(d), " | ")
	columns[1] = d.RRule.String()
	return strings.Join(columns, " | ")
}

func TestDeadlineWithoutIssueDate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Trong 15 ngày kể từ ngày ban hành Kế hoạch": "awaiting |  | 0 | ",
		"Kể từ ngày ban hành":                        "awaiting |  | 0 | ",
		"Trước ngày 30/6":                            "unknown |  | 0 | ",
		"Tháng 9":                                    "unknown |  | 0 | ",
		"Cuối năm":                                   "unknown |  | 0 | ",
		"Cuối năm nay":                               "unknown |  | 0 | ",
		"Lần 1 trước ngày 15/7; lần 2 trước ngày 15/11":        "unknown |  | 0 | ",
		"Từ tháng 5 và thực hiện thường xuyên":                 "unknown |  | 0 | ",
		"Từ tháng 5, hằng quý":                                 "unknown |  | 0 | ",
		"Trước ngày 30/6/2023":                                 "dated | 2023-06-30 | 0 | ",
		"Tháng 6 và tháng 9/2023":                              "dated | 2023-06-30,2023-09-30 | 0 | ",
		"Trước ngày 20/11 hằng năm":                            "periodic | FREQ=YEARLY;BYMONTH=11;BYMONTHDAY=20 | 0 | ",
		"Thực hiện thường xuyên":                               "ongoing |  | 1 | ",
		"Hoàn thành trước ngày 30/6/2023, sau đó thường xuyên": "dated | 2023-06-30 | 1 | ",
	} {
		if got := ruled(ParseDeadline(text, 0)); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestDeadlineFromContent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ content, words, want string }{
		{"Đẩy mạnh việc cập nhật dữ liệu (hoàn thành trong tháng 3/2023).", "(hoàn thành trong tháng 3/2023)", "dated | 2023-03-31 | 0 | "},
		{"Rà soát 53 dịch vụ công, hoàn thành trước ngày 15/7/2023.", "hoàn thành trước ngày 15/7/2023", "dated | 2023-07-15 | 0 | "},
		{"Báo cáo kết quả [trước ngày 20 hằng tháng]; lưu hồ sơ", "[trước ngày 20 hằng tháng]", "periodic | FREQ=MONTHLY;BYMONTHDAY=20 | 0 | "},
		{"A (hoàn thành trong tháng 3/2023), b (hoàn thành trong quý I/2023)", "(hoàn thành trong tháng 3/2023)", "dated | 2023-03-31 | 0 | "},
		{"A (hoàn thành trong tháng 3/2023), b (hoàn thành trong tháng 4/2023)", "", ""},
		{"Theo Quyết định 422/QĐ-TTg ngày 04/4/2022 của Thủ tướng", "", ""},
		{"Thay thế sổ tạm trú giấy từ ngày 01/01/2023", "", ""},
		{"Thực hiện Đề án 06 năm 2023 (khi có yêu cầu)", "", ""},
		{"Hoàn thành dữ liệu (theo Công văn số 5/UBND ngày 30/6/2023)", "", ""},
		{"(hoàn thành ngày 31/6/2023)", "", ""},
		{"Triển khai Quyết định số 06/QĐ-TTg (ngày 06/01/2022), Kế hoạch số 12 (trước ngày 30/6/2023 của tỉnh)", "", ""},
		{"Rà soát các văn bản (ban hành trước ngày 01/7/2023)", "", ""},
		{"Rà soát văn bản hết hiệu lực, ban hành trước ngày 01/7/2023", "", ""},
		{"Xây dựng kế hoạch năm 2024 (giai đoạn 2024-2025)", "", ""},
		{"Số hóa hồ sơ (đã hoàn thành trong tháng 5/2023)", "", ""},
		{"Phối hợp với Sở; hoàn thành trước ngày 15/7/2023 và duy trì thường xuyên.", "hoàn thành trước ngày 15/7/2023 và duy trì thường xuyên", "dated | 2023-07-15 | 1 | "},
		{"Cấp tài khoản (xong trước 17h00 ngày 30/6/2023) cho cán bộ", "(xong trước 17h00 ngày 30/6/2023)", "dated | 2023-06-30 | 0 | "},
		{"(hoàn thành trước ngày 15/6, 15/12/2023)", "", ""},
		{"", "", ""},
	} {
		d, ok := DeadlineFromContent(c.content, issued)
		if !ok {
			if c.want != "" {
				t.Errorf("%q: no deadline, want %s", c.content, c.want)
			}
			continue
		}
		if got := ruled(d); got != c.want || d.Text != "" || d.Found != c.words || d.Source != FromContent || d.Version != 1 {
			t.Errorf("%q: got %s from %q, source %s, version %d; want %s from %q", c.content, got, d.Found, d.Source, d.Version, c.want, c.words)
		}
	}
}

func TestDeadlineJSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"  Trước  ngày 15/7/2023 ": `{"text":"Trước ngày 15/7/2023","kind":"dated","due":["2023-07-15"],"from":null,"ongoing":false,"rrule":null,"source":"deadline","version":1}`,
		"Từ tháng 5":               `{"text":"Từ tháng 5","kind":"ongoing","due":[],"from":"2023-05-01","ongoing":true,"rrule":null,"source":"deadline","version":1}`,
		"Hằng quý":                 `{"text":"Hằng quý","kind":"periodic","due":[],"from":null,"ongoing":false,"rrule":"FREQ=MONTHLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1","source":"deadline","version":1}`,
		"":                         `{"text":"","kind":"unknown","due":[],"from":null,"ongoing":false,"rrule":null,"source":"deadline","version":1}`,
	} {
		d := ParseDeadline(text, issued)
		got, err := json.Marshal(d)
		if err != nil || string(got) != want {
			t.Errorf("%q\n got %s (%v)\nwant %s", text, got, err, want)
		}
		var back Deadline
		if err := json.Unmarshal(got, &back); err != nil || !back.SameTerms(d) || back.Text != d.Text {
			t.Errorf("%q does not survive JSON: %+v, %v", text, back, err)
		}
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Trước 30/6/2023 và duy trì":   "dated: due 30/06/2023; goes on afterwards",
		"Từ 15/6 đến 15/9/2023":        "dated: due 15/09/2023; from 15/06/2023",
		"Hằng tuần":                    "periodic: due every Sunday",
		"Trước ngày 15 tháng cuối quý": "periodic: due on the 15th of March, June, September and December each year",
		"Trước ngày 30 hằng tháng":     "periodic: due on the 30th or, if there is none, the last day of every month",
		"Ngày 10, 21 hằng tháng":       "periodic: due on the 10th and 21st of every month",
		"Hằng năm đến năm 2025":        "periodic: due on the last day of December each year, until 31/12/2025",
		"Hằng quý từ quý III/2023":     "periodic: due on the last day of March, June, September and December each year; from 01/07/2023",
		"Từ tháng 5/2023":              "ongoing: goes on without a due date; from 01/05/2023",
		"Theo tiến độ":                 "awaiting: waits for something that has no date yet",
		"31/6/2023":                    "unknown: not understood, a person must set it",
		"":                             "unknown: there are no words about time",
	} {
		if got := ParseDeadline(text, issued).Explain(); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	d, _ := DeadlineFromContent("Lập hồ sơ (xong trong tháng 7/2023)", issued)
	if got, want := d.Explain(), "dated: due 31/07/2023; found in the task's content"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func FuzzParseDeadline(f *testing.F) {
	for text, want := range map[string]Kind{
		"Trước ngày 30/6/2023":                               Dated,
		"Lần 1 trước ngày 15/7; lần 2 trước ngày 15/11/2023": Dated,
		"Tháng 11 đến tháng 2/2024":                          Dated,
		"Trước ngày 05 tháng đầu quý sau":                    Periodic,
		"Ngày 30 hằng tháng":                                 Periodic,
		"Năm 2024 và những năm tiếp theo":                    Ongoing,
		"Theo Nghị quyết số 50/NQ-CP ngày 08/4/2022":         Awaiting,
		"Trong 900 tháng kể từ ngày ban hành":                Unknown,
		"Trong 30 ngày kể từ ngày 01/6/2023":                 Dated,
		"Tháng 13/2023":                                      Unknown,
		"24/7/2023":                                          Dated,
		"24/7":                                               Unknown,
		"Hằng tháng đến hết năm 2023":                        Periodic,
		"Cán bộ tuyển dụng trước ngày 01/7/2023":             Unknown,
		"\xff\x00 ngày 3̀0/6":                                Unknown,
	} {
		if got := ParseDeadline(text, issued).Kind; got != want {
			f.Errorf("%q is %s, want %s", text, got, want)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := ParseDeadline(text, issued)
		y, _, _ := issued.Split()
		far, _ := NewDate(y+10, 1, 1)
		terms := false
		switch d.Kind {
		case Dated:
			terms = len(d.Due) > 0 && d.RRule == nil
		case Periodic:
			terms = len(d.Due) == 0 && d.RRule != nil && len(d.RRule.Between(issued, far)) > 0
		case Ongoing:
			terms = len(d.Due) == 0 && d.RRule == nil && d.Ongoing
		case Awaiting, Unknown:
			terms = len(d.Due) == 0 && d.RRule == nil && !d.Ongoing
		}
		if !terms {
			t.Fatalf("%q: %+v does not hold together", text, d)
		}
		for i, due := range d.Due {
			if !implied(text, due) {
				t.Fatalf("%q does not hold %s", text, due)
			}
			if i > 0 && due <= d.Due[i-1] {
				t.Fatalf("%q: %v is not ascending", text, d.Due)
			}
		}
		if other := ParseDeadline(norm.NFD.String(text), issued); utf8.ValidString(text) && !reflect.DeepEqual(d, other) {
			t.Fatalf("%q: NFC reads %+v, NFD %+v", text, d, other)
		}
		if other := ParseDeadline(" "+strings.ReplaceAll(text, " ", " \u00a0 ")+"\n", issued); utf8.ValidString(text) && !reflect.DeepEqual(d, other) {
			t.Fatalf("%q: %+v, with more white space %+v", text, d, other)
		}
		DeadlineFromContent(text, issued)
	})
}

// longUnits are words that make a long text costly, if anything does.
var longUnits = []string{
	"tháng 6, ", "ngày 15, ", "trước ", "hoàn thành ", "Nghị quyết số 5/NQ-CP ", "(", "1/", "số ", "hằng tháng, ", "lần 1 ",
	"năm 2023, ", "không quá 3 ", "từ ngày 1/6 đến ", "trong 3 (", "quý ", "A-", "1-", "trình văn bản ban hành trước ", "5/6 phường ", "kế hoạch tháng 6, ", "thứ sáu (", "30/6/2023 (thứ ", "đã ", "giai đoạn 1 ", "hoàn thành xong trước ngày 30/6/2023. ",
}

// A text twice as long takes twice the memory.
func TestParseDeadlineOfLongText(t *testing.T) {
	for _, unit := range longUnits {
		taken := func(size int) uint64 {
			text := strings.Repeat(unit, size/len(unit))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			ParseDeadline(text, issued)
			DeadlineFromContent(text, issued)
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		if half, whole := taken(8<<10), taken(16<<10); whole > 3*half+64<<10 {
			t.Errorf("8 KB of %q take %d bytes, 16 KB %d", unit, half, whole)
		}
	}
}

// BenchmarkLongDeadline has the time of 64 KB.
func BenchmarkLongDeadline(b *testing.B) {
	for _, unit := range longUnits {
		b.Run(unit, func(b *testing.B) {
			text := strings.Repeat(unit, 1<<16/len(unit))
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				ParseDeadline(text, issued)
				DeadlineFromContent(text, issued)
			}
		})
	}
}

func BenchmarkParseDeadline(b *testing.B) {
	for name, text := range map[string]string{
		"short":    "Trước ngày 30/6/2023",
		"cited":    "Theo Công văn số 12/CV-UBND ngày 01/6/2023, hoàn thành trước ngày 30/8/2023",
		"megabyte": strings.Repeat("Hoàn thành nhập dữ liệu hộ tịch trước ngày 15/7/2023; ", 1<<20/len("Hoàn thành nhập dữ liệu hộ tịch trước ngày 15/7/2023; ")),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				ParseDeadline(text, issued)
			}
		})
	}
}
