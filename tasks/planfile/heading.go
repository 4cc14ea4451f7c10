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

var (
	attached = regexp.MustCompile(`(?i)kèm theo.*?ngày(.*)`)
	dateline = regexp.MustCompile(`(?i)^[^,;]{2,60}, ngày(.*)$`)
	wholeDay = regexp.MustCompile(`(?i)^ (\d{1,2})(?: ?/ ?| tháng )(\d{1,2})(?: ?/ ?| năm )(\d{4})(?:\D|$)`)
)

// issued returns the date of issue: that of "(ban hành kèm theo Kế hoạch số …
// ngày 05/6/2023 …)", or of the line "Đồng Xoài, ngày 05 tháng 6 năm 2023". It
// is no date when a part is missing, as in a draft, or when two lines differ.
func issued(prose []string) tasks.Date {
	for _, form := range []*regexp.Regexp{attached, dateline} {
		var found tasks.Date
		for _, text := range prose {
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
