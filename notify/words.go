package notify

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"nhacviec/tasks"
)

// weekdays are spelt as Decree 30/2020/NĐ-CP asks: the day's own word in capitals.
var weekdays = [7]string{"Chủ nhật", "thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy"}

// longDay returns "thứ Tư 12/07/2023".
func longDay(d tasks.Date) string { return weekdays[d.Weekday()] + " " + d.Day() }

// moment returns "07:30 ngày 12/07/2023".
func moment(t time.Time) string { return t.Format("15:04 ngày 02/01/2006") }

// daysLeft says in whole days how far off a due date is.
func daysLeft(n int) string {
	switch {
	case n < 0:
		return fmt.Sprintf("quá hạn %d ngày", -n)
	case n == 0:
		return "hạn hôm nay"
	}
	return fmt.Sprintf("còn %d ngày", n)
}

// monthOf turns the rank of a monthly step, 202307, into "tháng 07/2023".
func monthOf(rank int) string { return fmt.Sprintf("tháng %02d/%d", rank%100, rank/100) }

var channelWords = map[tasks.Channel]string{
	tasks.Email: "Thư điện tử", tasks.Telegram: "Telegram", tasks.ZaloBot: "Zalo Bot", tasks.ZaloOA: "Zalo OA",
}

func counted(n int, what string) string { return strconv.Itoa(n) + " " + what }

// capital writes the first letter large.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// sentence ends s with a full stop, unless a mark stands there already.
func sentence(s string) string {
	switch r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, "”")); r {
	case '.', '…', '?', utf8.RuneError:
		return s
	}
	return s + "."
}

// units16 counts UTF-16 units, in which chats measure a text.
func units16(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// plain makes text from outside fit for one line of a message: valid, NFC,
// without control and invisible characters, white space folded, and no longer
// than max UTF-16 units. It looks at no more than it needs of a huge text.
func plain(s string, max int) string {
	s = strings.TrimSpace(s)
	whole := true
	if most := 16 * max; len(s) > most {
		s, whole = s[:most], false
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.Is(unicode.Cf, r):
			return -1
		case unicode.Is(unicode.Cc, r):
			return ' '
		}
		return r
	}, s)
	// A mark that combines would do so with what stands before the text, and make
	// another sign of the ">" of a tag.
	s = strings.TrimLeftFunc(tasks.Clean(s), func(r rune) bool { return unicode.Is(unicode.M, r) || r == ' ' })
	if !whole && units16(s) <= max {
		s += " …"
	}
	return cut(s, max)
}

// cut shortens s at a word to at most max UTF-16 units, the "…" included.
func cut(s string, max int) string {
	if units16(s) <= max {
		return s
	}
	n, letter, word := 0, 0, 0 // where the last letter and the last word that fit end
	for i, r := range s {
		if r == ' ' {
			word = i
		}
		n += units16(string(r))
		if n > max-1 {
			letter = i
			break
		}
	}
	if word < letter/2 {
		word = letter
	}
	return strings.TrimRight(s[:word], " ,;:.–-(“") + "…"
}

// quoted puts the plan's own words between marks.
func quoted(s string) string {
	if s == "" {
		return ""
	}
	return "“" + s + "”"
}

// wrap breaks s at words into lines of at most 76 characters. The first line
// begins with first, the others with rest.
func wrap(first, rest, s string) string {
	const width = 76
	var b strings.Builder
	b.WriteString(first)
	col, fresh := utf8.RuneCountInString(first), true
	for _, w := range strings.Fields(s) {
		n := utf8.RuneCountInString(w)
		if !fresh && col+1+n > width {
			b.WriteString("\n" + rest)
			col, fresh = utf8.RuneCountInString(rest), true
		}
		if !fresh {
			b.WriteByte(' ')
			col++
		}
		b.WriteString(w)
		col, fresh = col+n, false
	}
	return b.String()
}

// list joins names until they would pass max characters, and counts the rest.
func list(names []string, max int) string {
	out := ""
	for i, name := range names {
		next := name
		if i > 0 {
			next = out + "; " + name
		}
		if i > 0 && utf8.RuneCountInString(next) > max {
			return out + fmt.Sprintf(" và %d đơn vị khác", len(names)-i)
		}
		out = next
	}
	return out
}
