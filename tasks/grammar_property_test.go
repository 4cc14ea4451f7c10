package tasks

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// phraseTexts are the texts of both tables.
func phraseTexts(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, file := range []string{"testdata/deadlines.tsv", "testdata/phrases.tsv"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(strings.TrimSpace(string(data)), "\n") {
			if text, _, _ := strings.Cut(line, "\t"); !strings.HasPrefix(line, "#") {
				texts = append(texts, text)
			}
		}
	}
	return texts
}

var (
	digitsOf     = regexp.MustCompile(`[0-9]+`)
	counted      = regexp.MustCompile(`kể từ|tính từ|sau (khi|ngày)|trong .* ngày`)
	beforePeriod = regexp.MustCompile(`trước`)
	periodIn     = regexp.MustCompile(`quý|qúy|quí|q|năm|nửa|cuối|tháng (một|hai|ba|tư|bốn|năm|sáu|bảy|bẩy|tám|chín|mười)|tháng (đầu|cuối|giữa)`)
)

// implied reports whether the words of a text hold a due date: its day, month
// and year are numbers in it, or ends of a period that it names, or the year of
// issue; a term that counts from a day is not looked into.
func implied(text string, due Date) bool {
	text = strings.ToLower(Clean(text))
	if counted.MatchString(text) {
		return true
	}
	_, _, next := (due + 1).Split()
	return holds(text, due) || next == 1 && beforePeriod.MatchString(text) && holds(text, due+1) // "trước tháng 7" is 30/6
}

// holds is implied of a date that the words name.
func holds(text string, due Date) bool {
	numbers := map[int]bool{}
	for _, digits := range digitsOf.FindAllString(text, -1) {
		if n, err := strconv.Atoi(digits); err == nil {
			numbers[n] = true
		}
	}
	year, month, day := due.Split()
	issueYear, _, _ := issued.Split()
	next := strings.Contains(text, "sau") || strings.Contains(text, "tới")
	return (numbers[year] || numbers[year-2000] || year == issueYear || next && year == issueYear+1 || numbers[year+1] && year >= issueYear) &&
		(numbers[int(month)] || month == time.December && numbers[year] && day == 31 || periodIn.MatchString(text)) &&
		(numbers[day] || due == LastOfMonth(year, month) || day == 1 && beforePeriod.MatchString(text))
}

func TestImplied(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, due string
		want      bool
	}{
		{"Trước ngày 30/6/2023", "2023-06-30", true},
		{"Trước ngày 30/6/23", "2023-06-30", true},
		{"Trước ngày 30/6", "2023-06-30", true},
		{"Quý III/2023", "2023-09-30", true},
		{"Trước ngày 30/6/2023", "2023-07-30", false},
		{"Trước ngày 30/6/2023", "2024-06-30", false},
		{"Trước ngày 28/6/2023", "2023-06-29", false},
		{"Tháng 6/2023", "2023-06-29", false},
		{"Trước tháng 7/2023", "2023-06-30", true},
		{"Trước tháng 7/2023", "2023-06-29", false},
		{"Trước tháng 7/2023", "2023-05-31", false},
		{"Tháng 7/2023", "2023-06-30", false},
	} {
		if got := implied(c.text, mustDate(c.due)); got != c.want {
			t.Errorf("%s of %q: %v", c.due, c.text, got)
		}
	}
}

// Whatever is put together, no date is read that the words do not hold, and
// no spelling changes what is read.
func TestDeadlineOfAnyWords(t *testing.T) {
	t.Parallel()
	texts := phraseTexts(t)
	var words []string
	for _, text := range texts {
		words = append(words, strings.Fields(text)...)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	rapid.Check(t, func(t *rapid.T) {
		var text string
		if rapid.Bool().Draw(t, "of phrases") {
			parts := rapid.SliceOfN(rapid.SampledFrom(texts), 1, 3).Draw(t, "phrases")
			text = strings.Join(parts, rapid.SampledFrom([]string{" ", ", ", "; ", ". ", " và ", " (", ": ", " hoặc "}).Draw(t, "between"))
		} else {
			text = strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 12).Draw(t, "words"), " ")
		}
		d := ParseDeadline(text, issued)
		for _, due := range d.Due {
			if !implied(text, due) {
				t.Fatalf("%q does not hold %s", text, due)
			}
		}
		for name, guise := range map[string]string{
			"NFD":         norm.NFD.String(text),
			"upper case":  strings.ToUpper(text),
			"white space": " \t" + strings.ReplaceAll(text, " ", " \u00a0 ") + "\n",
			"a full stop": text + " .",
		} {
			if other := ParseDeadline(guise, issued); !other.SameTerms(d) {
				t.Fatalf("%q is %s; with %s %s", text, d.Explain(), name, other.Explain())
			}
		}
		if again := ParseDeadline(d.Text, issued); !reflect.DeepEqual(again, d) {
			t.Fatalf("%q read again is %s", d.Text, again.Explain())
		}
	})
}

// Every way to write a day is read as that day, and a day that does not exist
// as nothing.
func TestDeadlineOfAnyDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		year, month, day := rapid.IntRange(2023, 2030).Draw(t, "year"), rapid.IntRange(1, 13).Draw(t, "month"), rapid.IntRange(1, 32).Draw(t, "day")
		form := rapid.SampledFrom([]string{"%[1]d/%[2]d/%[3]d", "%02[1]d/%02[2]d/%[3]d", "%[1]d-%[2]d-%[3]d", "%02[1]d.%02[2]d.%[3]d", "%[1]d / %[2]d / %[3]d",
			"%[3]d-%02[2]d-%02[1]d", "ngày %[1]d tháng %[2]d năm %[3]d", "%[1]d/%[2]d năm %[3]d", "ngày %[1]d/%[2]d/%[3]d"}).Draw(t, "form")
		before := rapid.SampledFrom([]string{"", "Trước ", "Chậm nhất ", "Hoàn thành trước ", "Xong trước ", "Đến hết ", "Trước 17 giờ 00 phút, ", "Chậm nhất 17h00 ",
			"Theo Nghị quyết số 50/NQ-CP ngày 08/4/2022, hoàn thành trước ", "Thời hạn: "}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", ".", ";", " (trước 17h00)", " theo Công văn số 12/UBND-NC ngày 01/6/2023", ", duy trì thường xuyên"}).Draw(t, "after")
		text := before + fmt.Sprintf(form, day, month, year) + after
		d := ParseDeadline(text, issued)
		want, err := NewDate(year, time.Month(month), day)
		switch {
		case err != nil && d.Kind == Unknown && len(d.Due) == 0:
		case err == nil && d.Kind == Dated && slices.Equal(d.Due, []Date{want}):
		default:
			t.Fatalf("%q is %s, want %s", text, d.Explain(), want)
		}
	})
}
