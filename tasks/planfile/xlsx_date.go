package planfile

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"nhacviec/tasks"
)

// builtinFormats are the codes of the number formats that workbooks only name,
// where they show a date, a time or a fraction. Excel shows 14 and 22 in the
// order of the reader's country.
var builtinFormats = map[int]string{
	2: "0.00", 4: "#,##0.00", 9: "0%", 10: "0.00%",
	14: "dd/mm/yyyy", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy",
	18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "dd/mm/yyyy h:mm",
	45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
}

// numberFormat is what the number format of a cell shows of its number. None
// of its parts: the number itself.
type numberFormat struct {
	day, month, year, clock bool
	before, after           string // words of the format around a date: "Từ "
	decimals                int
	percent                 bool
}

// parseFormat reads the code of a number format: "[$-42A]dd/mm/yyyy;@".
func parseFormat(code string) numberFormat {
	var n numberFormat
	runs, words := formatRuns(code)
	first, last := -1, -1
	for i, run := range runs {
		date := true
		switch {
		case run.letter == 'y':
			n.year = true
		case run.letter == 'd' && run.length <= 2:
			n.day = true
		case run.letter == 'd': // the day of the week
		case run.letter == 'm' && !minutes(runs, i):
			n.month = true
		default:
			n.clock, date = true, false
		}
		if date {
			if first < 0 {
				first = run.words
			}
			last = run.words
		}
	}
	if n.day || n.month || n.year {
		n.before, n.after = sayings(words[:first]), sayings(words[last:])
		return n
	}
	if !n.clock {
		n.decimals, n.percent = fraction(code)
	}
	return n
}

// formatRun is a letter of a date's format, how often it stands, and the
// number of words in front of it.
type formatRun struct {
	letter        byte
	length, words int
}

// formatRuns takes the first section of a format apart: that of numbers above
// zero.
func formatRuns(code string) (runs []formatRun, words []string) {
	if strings.HasPrefix(strings.ToLower(code), "general") {
		return nil, nil
	}
	for i := 0; i < len(code); i++ {
		c := code[i] | 0x20 // a letter in lower case
		switch {
		case code[i] == ';':
			return runs, words
		case code[i] == '"':
			word, _, _ := strings.Cut(code[i+1:], `"`)
			words = append(words, word)
			i += len(word) + 1
		case code[i] == '\\', code[i] == '_', code[i] == '*':
			i++
		case code[i] == '[':
			inner, _, _ := strings.Cut(code[i+1:], "]")
			i += len(inner) + 1
			if elapsed.MatchString(inner) {
				runs = append(runs, formatRun{'h', len(inner), len(words)})
			} else if text, ok := strings.CutPrefix(inner, "$"); ok { // [$Ngày -42A]
				text, _, _ = strings.Cut(text, "-")
				words = append(words, text)
			}
		case len(code) >= i+5 && strings.EqualFold(code[i:i+5], "am/pm"):
			i += 4
		case c == 'd' || c == 'm' || c == 'y' || c == 'h' || c == 's':
			if n := len(runs); n > 0 && i > 0 && code[i-1]|0x20 == c && runs[n-1].letter == c {
				runs[n-1].length++
			} else {
				runs = append(runs, formatRun{c, 1, len(words)})
			}
		}
	}
	return runs, words
}

var elapsed = regexp.MustCompile(`(?i)^(h+|m+|s+)$`)

// minutes reports an m that is no month: behind hours or in front of seconds.
func minutes(runs []formatRun, i int) bool {
	return i > 0 && runs[i-1].letter == 'h' || i+1 < len(runs) && runs[i+1].letter == 's'
}

// sayings joins what is words, not only "/" or a space.
func sayings(words []string) string {
	text := tasks.Clean(strings.Join(words, " "))
	if strings.ContainsFunc(text, unicode.IsLetter) {
		return text
	}
	return ""
}

var decimalPlaces = regexp.MustCompile(`^[#,0]*0(?:\.(0+))?(%?)`)

// fraction returns the decimal places that a format always shows.
func fraction(code string) (places int, percent bool) {
	m := decimalPlaces.FindStringSubmatch(code)
	if m == nil {
		return 0, false
	}
	return len(m[1]), m[2] != ""
}

// text returns what a cell with this format says; value is the number as the
// workbook stores it. Dates are as offices write them, "30/06/2023", without
// their time of day, and without what the format hides: "Tháng 06/2023". A
// number that is no date stays one.
func (n numberFormat) text(value string, from1904 bool) string {
	x, err := strconv.ParseFloat(value, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		return value
	}
	switch {
	case n.day || n.month || n.year:
		if day, ok := serialDay(x, from1904); ok {
			if text := n.date(day); text != "" {
				return text
			}
		}
	case n.clock:
		if x >= 0 && x < 1 {
			minutes := int(math.Round(x*24*60)) % (24 * 60)
			return twoDigits(minutes/60) + ":" + twoDigits(minutes%60)
		}
	case n.percent:
		return strconv.FormatFloat(rounded(x*100), 'f', max(n.decimals, places(x*100)), 64) + "%"
	case n.decimals > 0 && x != math.Trunc(x):
		return strconv.FormatFloat(x, 'f', max(n.decimals, places(x)), 64) // 3.10 of the number 3.1
	}
	if math.Abs(x) >= 1e15 {
		return value
	}
	return strconv.FormatFloat(rounded(x), 'f', -1, 64)
}

// rounded returns a number to the 15 digits that Excel knows of it.
func rounded(x float64) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 15, 64), 64)
	return y
}

// places returns how many decimal places a number has.
func places(x float64) int {
	_, decimals, _ := strings.Cut(strconv.FormatFloat(rounded(x), 'f', -1, 64), ".")
	return len(decimals)
}

// date returns a day in the words of a format; "" if the format does not show
// enough of it to be one.
func (n numberFormat) date(d tasks.Date) string {
	y, m, day := d.Split()
	text, own := "", ""
	switch {
	case n.day && n.month && n.year:
		text = d.Day()
	case n.month && n.year:
		own, text = "Tháng", twoDigits(int(m))+"/"+strconv.Itoa(y)
	case n.day && n.month: // the year stored is that of typing
		text = twoDigits(day) + "/" + twoDigits(int(m))
	case n.year && !n.day:
		own, text = "Năm", strconv.Itoa(y)
	case n.month:
		own, text = "Tháng", twoDigits(int(m))
	default:
		return ""
	}
	before := n.before
	if own != "" && before == "" {
		before = own
	} else if own != "" && !strings.HasSuffix(strings.ToLower(before), strings.ToLower(own)) {
		before += " " + strings.ToLower(own)
	}
	return tasks.Clean(before + " " + text + " " + n.after)
}

func twoDigits(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

// lastSerial is 31/12/9999, the last day that Excel shows.
const lastSerial = 2958465

// serialDay returns the day that a workbook stores as a number: days since
// 31/12/1899 with a 29/02/1900 that never was, or days since 01/01/1904.
func serialDay(x float64, from1904 bool) (tasks.Date, bool) {
	const halfSecond = 0.5 / (24 * 60 * 60)
	x = math.Floor(x + halfSecond)
	if x < 0 || x > lastSerial {
		return 0, false
	}
	n := int(x)
	if from1904 {
		return tasks.DateOf(time.Date(1904, 1, 1+n, 0, 0, 0, 0, time.UTC)), true
	}
	switch {
	case n == 0, n == 60:
		return 0, false
	case n < 60:
		n++
	}
	return tasks.DateOf(time.Date(1899, 12, 30+n, 0, 0, 0, 0, time.UTC)), true
}

// isoDay returns the day of a cell that stores its date as text,
// "2023-06-30T00:00:00".
func isoDay(value string) string {
	day, _, _ := strings.Cut(value, "T")
	if d, err := tasks.ParseDate(day); err == nil {
		return d.Day()
	}
	return value
}
