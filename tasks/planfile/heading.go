package planfile

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"nhacviec/tasks"
)

// signature begins the letters' foot that stands below a table.
var signature = regexp.MustCompile(`^(noi nhan|tm uy ban|tm ubnd|tm hdnd|kt chu tich|kt thu truong|kt giam doc|tl chu tich|nguoi lap bieu|nguoi lap bang)\b`)

var (
	attached    = regexp.MustCompile(`(?i)kèm theo.*?ngày(.*)`)
	dateline    = regexp.MustCompile(`(?i)^(?:.*hạnh phúc[\s*_–—-]*)?[^,;]{2,60}, ngày(.*)$`)
	wholeDay    = regexp.MustCompile(`(?i)^ ?(\d{1,2})(?: ?[/.-] ?| tháng )(\d{1,2})(?: ?[/.-] ?| năm )(\d{4})(?:\D|$)`)
	dayless     = regexp.MustCompile(`(?i)^[ .…_]*(?:[/.-]|tháng)[ .…_]*(\d{0,2})[ .…_]*(?:[/.-]|năm) ?(\d{4})(?:\D|$)`)
	attachedNo  = regexp.MustCompile(`(?i)kèm theo\P{L}+[\p{L} ]{0,60}?số\s*:?\s*(\d[^\s,;)]*(?: /\S*)?)`)
	headNo      = regexp.MustCompile(`(?i)(?:^|\s)số\s*:\s*(\d[^\s,;)]*(?: ?/ ?[\p{L}\d&./-]+)?)`)
	wholeNo     = regexp.MustCompile(`^\d{1,6}[a-zA-Z]?(?:/\d{4})?/[\p{L}\d&.-]+(?:/[\p{L}\d&.-]+)*$`)
	attachedDoc = regexp.MustCompile(`(?i)kèm theo\s+((?:kế hoạch|chương trình|quyết định|chỉ thị|nghị quyết|đề án|phương án)\s+số[^()]*)`)
	ownHead     = regexp.MustCompile(`(?i)^(?:kế hoạch|chương trình|quyết định|chỉ thị|nghị quyết|đề án|phương án|thông báo)\s+số\s*:?\s*([^\s,;)]*(?: ?/ ?[\p{L}\d&./-]+)?)(?:,?\s+ngày(.*[^;])?)?$`)
	letterhead  = regexp.MustCompile(`^(uy ban nhan dan|ubnd|hoi dong nhan dan|hdnd|thanh uy|tinh uy|huyen uy|so|phong|van phong|thanh pho|tp|tinh|huyen|thi xa|quan|phuong|xa)( |$)`)
)

// heading is what a document says of itself.
type heading struct {
	number     string     // "" when a part is missing, as in a draft, or when two lines differ
	issued     tasks.Date // 0 for the same reasons
	attachedTo string     // the plan's name when the document is its annex
	dated      string     // "month 6/2023", "year 2023" when its date is no whole day
}

// readHeading reads the number and the date of issue out of the lines of text,
// of which some stand above the table: those of "(ban hành kèm theo Kế hoạch số
// 12/KH-UBND ngày 05/6/2023 …)", or of the letterhead's "Số: 12/KH-UBND" and
// "Đồng Xoài, ngày 05 tháng 6 năm 2023", or of a first line "Kế hoạch số
// 12/KH-UBND ngày 05/6/2023". Documents that are only cited have such, too.
func readHeading(prose, above []string) heading {
	h := heading{number: planNumber(prose)}
	h.issued, h.dated = issued(prose)
	if m := ownHeading(above); m != nil {
		if no := strings.ReplaceAll(m[1], " ", ""); h.number == "" && wholeNo.MatchString(no) {
			h.number = no
		}
		if h.issued == 0 && h.dated == "" {
			h.issued, h.dated = parseDay(m[2]), withoutDay(m[2])
		}
	}
	if h.number != "" {
		h.attachedTo = attachedTo(above)
	}
	return h
}

// attachedTo returns what "(kèm theo Kế hoạch số 12/KH-UBND …)" calls the plan,
// for an annex without a title.
func attachedTo(above []string) string {
	for _, text := range sentences(above) {
		if m := attachedDoc.FindStringSubmatch(text); m != nil {
			return strings.TrimRight(m[1], " .")
		}
	}
	return ""
}

// ownHeading finds the line with which a document names itself: nothing but a
// letterhead is above it, for the same words in a title, or below "Căn cứ", cite
// another.
func ownHeading(above []string) []string {
	for _, text := range above {
		if m := ownHead.FindStringSubmatch(text); m != nil {
			return m
		}
		words := fold(text)
		if words != "" && !notTitle.MatchString(words) && !letterhead.MatchString(words) && !dateline.MatchString(text) {
			return nil
		}
	}
	return nil
}

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

func issued(prose []string) (day tasks.Date, dated string) {
	for _, form := range []*regexp.Regexp{attached, dateline} {
		var found tasks.Date
		for _, text := range sentences(prose) {
			m := form.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			day := parseDay(m[1])
			if day == 0 || found != 0 && found != day {
				return 0, withoutDay(m[1])
			}
			found = day
		}
		if found != 0 {
			return found, ""
		}
	}
	return 0, ""
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

// withoutDay returns what a draft says of its date, "" if it says nothing.
func withoutDay(s string) string {
	m := dayless.FindStringSubmatch(s)
	switch {
	case m == nil:
		return ""
	case strings.Trim(m[1], "0") == "":
		return "year " + m[2]
	}
	return "month " + strings.TrimLeft(m[1], "0") + "/" + m[2]
}
