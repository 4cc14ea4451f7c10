package planfile

import (
	"regexp"
	"strings"
	"unicode"
)

// title returns the last lines in capitals above the table, joined, without
// "PHỤ LỤC" and the names that head every letter. Below a line that says only
// "KẾ HOẠCH" or "PHỤ LỤC" the next is of the title, however it is written.
func title(above []string) string {
	var last []string
	open := false   // the line before was of the title
	wanted := false // no line but the word for the kind was
	own := ""
	for _, text := range above {
		words := fold(text)
		annex := strings.HasPrefix(words, "phu luc")
		switch {
		case words == "": // a rule
		case notTitle.MatchString(words):
			open, wanted = false, wanted || annex
		case strings.HasPrefix(words, "can cu"):
			open, wanted = false, false
		case citing.MatchString(text):
			open = open && wanted
		case capitals(text) && (len(last) == 0 || !sectionTitle.MatchString(text)):
			if !open {
				last = nil
			}
			last, open, wanted = append(last, text), true, kindWords[words]
		case wanted && len(text) <= longestTitle && !ownHead.MatchString(text):
			if !open {
				last = nil
			}
			last, open, wanted = append(last, text), true, false
		case open && startsLower(text) && len(last) > 0 && !capitals(last[len(last)-1]):
			last = append(last, text)
		default:
			open, wanted = false, false
			if ownHead.MatchString(text) {
				own = text
			}
		}
	}
	if len(last) == 0 {
		return own
	}
	return strings.Join(last, " ")
}

const longestTitle = 500 // bytes; longer lines are a paragraph

var (
	notTitle = regexp.MustCompile(`^(phu luc( [ivx0-9]+)?|cong hoa xa hoi.*|doc lap tu do.*|noi nhan.*)$`)
	citing   = regexp.MustCompile(`(?i)^\(|kèm theo|^số\s*:|^[^,;]{2,60}, ngày`)
)

// kindWords are the words for a document that stand above its title.
var kindWords = map[string]bool{
	"ke hoach": true, "chuong trinh": true, "chuong trinh hanh dong": true, "quyet dinh": true, "chi thi": true, "nghi quyet": true,
	"de an": true, "phuong an": true, "thong bao": true, "bao cao": true, "to trinh": true, "huong dan": true, "danh muc": true,
}

func startsLower(s string) bool {
	for _, c := range s {
		return unicode.IsLower(c)
	}
	return false
}

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
