package planfile

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"nhacviec/tasks"
)

// title returns the last lines in capitals above the table, joined, without
// "PHỤ LỤC" and the names that head every letter.
func title(above []string) string {
	var last []string
	open := false
	for _, text := range above {
		switch {
		case !capitals(text) || notTitle.MatchString(fold(text)):
			open = false
		case open:
			last = append(last, text)
		default:
			last, open = []string{text}, true
		}
	}
	return strings.Join(last, " ")
}

var notTitle = regexp.MustCompile(`^(phu luc( [ivx0-9]+)?|cong hoa xa hoi.*|doc lap tu do.*|noi nhan.*)$`)

// capitals reports text whose letters are capitals, but for a few as in
// "05/CT-TTg".
func capitals(s string) bool {
	upper, lower := 0, 0
	for _, c := range s {
		if unicode.IsUpper(c) {
			upper++
		} else if unicode.IsLower(c) {
			lower++
		}
	}
	return upper >= 3 && lower*10 <= upper
}

// signature begins the letters' foot that stands below a table.
var signature = regexp.MustCompile(`^(noi nhan|tm uy ban|tm ubnd|tm hdnd|kt chu tich|kt thu truong|kt giam doc|tl chu tich|nguoi lap bieu|nguoi lap bang)\b`)

var (
	attached   = regexp.MustCompile(`(?i)kèm theo.*?ngày(.*)`)
	dateline   = regexp.MustCompile(`(?i)^(?:.*hạnh phúc[\s*_–—-]*)?[^,;]{2,60}, ngày(.*)$`)
	wholeDay   = regexp.MustCompile(`(?i)^ ?(\d{1,2})(?: ?[/.-] ?| tháng )(\d{1,2})(?: ?[/.-] ?| năm )(\d{4})(?:\D|$)`)
	attachedNo = regexp.MustCompile(`(?i)kèm theo\P{L}+[\p{L} ]{0,60}?số\s*:?\s*(\d[^\s,;)]*(?: /\S*)?)`)
	headNo     = regexp.MustCompile(`(?i)(?:^|\s)số\s*:\s*(\d[^\s,;)]*(?: ?/ ?[\p{L}\d&./-]+)?)`)
	wholeNo    = regexp.MustCompile(`^\d{1,6}[a-zA-Z]?(?:/\d{4})?/[\p{L}\d&.-]+(?:/[\p{L}\d&.-]+)*$`)
)

// planNumber returns the plan's number: that of "(ban hành kèm theo Kế hoạch số
// 12/KH-UBND …)", or of the letterhead's "Số: 12/KH-UBND". It is "" when a part
// is missing, as in a draft, or when two lines differ.
func planNumber(prose []string) string {
	for _, form := range []*regexp.Regexp{attachedNo, headNo} {
		found := ""
		for _, text := range sentences(prose) {
			m := form.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			no := strings.ReplaceAll(m[1], " ", "")
			if !wholeNo.MatchString(no) || found != "" && found != no {
				return ""
			}
			found = no
		}
		if found != "" {
			return found
		}
	}
	return ""
}

// sentences returns the lines of text, with one that opens a bracket joined to
// the next when that closes it.
func sentences(prose []string) []string {
	var out []string
	for i := 0; i < len(prose); i++ {
		text := prose[i]
		if i+1 < len(prose) && strings.Count(text, "(") > strings.Count(text, ")") && strings.Contains(prose[i+1], ")") {
			i++
			text += " " + prose[i]
		}
		out = append(out, text)
	}
	return out
}

// issued returns the date of issue: that of "(ban hành kèm theo Kế hoạch số …
// ngày 05/6/2023 …)", or of the line "Đồng Xoài, ngày 05 tháng 6 năm 2023". It
// is no date when a part is missing, as in a draft, or when two lines differ.
func issued(prose []string) tasks.Date {
	for _, form := range []*regexp.Regexp{attached, dateline} {
		var found tasks.Date
		for _, text := range sentences(prose) {
			m := form.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			day := parseDay(m[1])
			if day == 0 || found != 0 && found != day {
				return 0
			}
			found = day
		}
		if found != 0 {
			return found
		}
	}
	return 0
}

func parseDay(s string) tasks.Date {
	m := wholeDay.FindStringSubmatch(s)
	if m == nil {
		return 0
	}
	day, _ := strconv.Atoi(m[1])
	month, _ := strconv.Atoi(m[2])
	year, _ := strconv.Atoi(m[3])
	d, err := tasks.NewDate(year, time.Month(month), day)
	if err != nil {
		return 0
	}
	return d
}
