package notify

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"nhacviec/tasks"
)

// cleanWords returns what no part of any message may hold.
func cleanWords(c tasks.Content) error {
	for _, part := range append([]string{c.Subject, c.HTML}, c.Text...) {
		if !utf8.ValidString(part) || !norm.NFC.IsNormalString(part) {
			return fmt.Errorf("not valid NFC: %.200q", part)
		}
		for _, r := range part {
			if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf) {
				return fmt.Errorf("control or invisible character %U", r)
			}
		}
	}
	if len(c.Text) == 0 || strings.TrimSpace(c.Text[0]) == "" {
		return fmt.Errorf("no text")
	}
	return nil
}

// wellFormed returns what is wrong with the form of a message.
func wellFormed(ch tasks.Channel, c tasks.Content) error {
	if err := cleanWords(c); err != nil {
		return err
	}
	switch ch {
	case tasks.Email:
		return mailWellFormed(c)
	case tasks.Telegram:
		for i, part := range c.Text {
			if err := partFits(part, 4096, i, len(c.Text)); err != nil {
				return err
			}
			if err := telegramHTML(part); err != nil {
				return fmt.Errorf("part %d: %w", i+1, err)
			}
		}
	default:
		for i, part := range c.Text {
			if err := partFits(part, 1900, i, len(c.Text)); err != nil {
				return err
			}
			if strings.Contains(part, "[@") {
				return fmt.Errorf("part %d would mention somebody: %s", i+1, part)
			}
		}
	}
	return nil
}

func partFits(part string, limit, i, n int) error {
	if got := units16(part); got > limit {
		return fmt.Errorf("part %d has %d UTF-16 units, the limit is %d", i+1, got, limit)
	}
	first, _, _ := strings.Cut(part, "\n")
	if mark := fmt.Sprintf("(%d/%d)", i+1, n); strings.Contains(first, mark) != (n > 1) {
		return fmt.Errorf("part %d of %d begins with %q", i+1, n, first)
	}
	return nil
}

var tag = regexp.MustCompile(`<[^>]*>`)

// telegramHTML returns what Telegram would refuse: a tag it is not sent, one
// not closed, a bare sign, more than 100 entities.
func telegramHTML(s string) error {
	open, entities := "", 0
	for _, at := range tag.FindAllString(s, -1) {
		switch at {
		case "<b>", "<i>":
			if open != "" {
				return fmt.Errorf("%s inside %s", at, open)
			}
			open = at
			entities++
		case "</b>", "</i>":
			if at != strings.Replace(open, "<", "</", 1) {
				return fmt.Errorf("%s closes %q", at, open)
			}
			open = ""
		default:
			return fmt.Errorf("unexpected tag %s", at)
		}
	}
	if open != "" {
		return fmt.Errorf("%s is not closed", open)
	}
	if entities > 100 {
		return fmt.Errorf("%d entities, Telegram styles 100", entities)
	}
	text := tag.ReplaceAllString(s, "")
	if strings.ContainsAny(text, "<>") {
		return fmt.Errorf("a bare < or >")
	}
	for _, piece := range strings.Split(text, "&")[1:] {
		if !slices.ContainsFunc([]string{"amp;", "lt;", "gt;"}, func(e string) bool { return strings.HasPrefix(piece, e) }) {
			return fmt.Errorf("a bare & before %.20q", piece)
		}
	}
	return nil
}

var (
	fixedWidth = regexp.MustCompile(`width(?:="|:)(\d+)(px|"|;)`)
	inlinePair = regexp.MustCompile(`(?:^|;)(color|background):(#[0-9a-f]{6})`)
	styleAttr  = regexp.MustCompile(`style="([^"]*)"`)
)

func mailWellFormed(c tasks.Content) error {
	if n := utf8.RuneCountInString(c.Subject); n > 78 || !strings.HasPrefix(c.Subject, "[Nhắc hạn] ") {
		return fmt.Errorf("subject of %d characters: %s", n, c.Subject)
	}
	if strings.ContainsAny(c.Subject, "\r\n") {
		return fmt.Errorf("subject with a line break: %q", c.Subject)
	}
	if len(c.HTML) >= 60_000 {
		return fmt.Errorf("the HTML has %d bytes", len(c.HTML))
	}
	if len(c.Text) != 1 {
		return fmt.Errorf("%d text parts", len(c.Text))
	}
	body := comment.ReplaceAllString(c.HTML, "")
	for _, bad := range []string{"http://", "https://", "<img", "url(", "<a ", "<script", "javascript:", "ZgotmplZ"} {
		if strings.Contains(strings.ToLower(strings.ReplaceAll(body, `xmlns="http://www.w3.org/1999/xhtml"`, "")), strings.ToLower(bad)) {
			return fmt.Errorf("the HTML has %q", bad)
		}
	}
	if err := balanced(body); err != nil {
		return err
	}
	for _, m := range fixedWidth.FindAllStringSubmatch(body, -1) {
		if w, _ := strconv.Atoi(m[1]); w > 100 && !(m[1] == "600" && strings.Contains(c.HTML, "max-width:600px")) {
			return fmt.Errorf("a fixed width: %s", m[0])
		}
	}
	for _, line := range strings.Split(c.Text[0], "\n") {
		// A command is to be copied whole.
		if utf8.RuneCountInString(line) > 76 && strings.Contains(strings.TrimSpace(line), " ") && !strings.Contains(line, "nhacviec") && !strings.Contains(line, "[units.") {
			return fmt.Errorf("a line of %d characters: %s", utf8.RuneCountInString(line), line)
		}
	}
	return nil
}

var comment = regexp.MustCompile(`(?s)<!--.*?-->`)

// balanced returns the first tag of a page that is closed out of order.
func balanced(page string) error {
	var open []string
	for _, m := range regexp.MustCompile(`<(/?)([a-z0-9]+)[^>]*>`).FindAllStringSubmatch(page, -1) {
		switch name := m[2]; {
		case name == "meta" || name == "br":
		case m[1] == "":
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			return fmt.Errorf("</%s> closes %v", name, open)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("not closed: %v", open)
	}
	return nil
}

// TestContrast holds each colour to 4.5 against what lies below it.
func TestContrast(t *testing.T) {
	t.Parallel()
	for name, pair := range palette {
		for _, below := range []string{pair.Bg, "#ffffff"} {
			if got := contrast(t, pair.Fg, below); got < 4.5 {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, pair.Fg, below, got)
			}
		}
	}
	for _, s := range situations(t) {
		page := compose(t, s, tasks.Email).HTML
		for _, style := range styleAttr.FindAllStringSubmatch(page, -1) {
			on := "#ffffff"
			colour := ""
			for _, m := range inlinePair.FindAllStringSubmatch(style[1], -1) {
				if m[1] == "color" {
					colour = m[2]
				} else {
					on = m[2]
				}
			}
			if colour != "" && contrast(t, colour, on) < 4.5 {
				t.Errorf("%s: %s", s.name, style[0])
			}
		}
	}
	// The dark colours: text class c-x on tint class b-x and on the card.
	page := compose(t, situations(t)[0], tasks.Email).HTML
	for name := range palette {
		fg := regexp.MustCompile(`\.c-` + string(name) + `\{color:(#[0-9a-f]{6})`).FindStringSubmatch(page)
		bg := regexp.MustCompile(`\.b-` + string(name) + `\{background:(#[0-9a-f]{6})`).FindStringSubmatch(page)
		if fg == nil || bg == nil {
			t.Fatalf("%s has no dark colours", name)
		}
		for _, below := range []string{bg[1], "#16181d"} {
			if got := contrast(t, fg[1], below); got < 4.5 {
				t.Errorf("dark %s: %s on %s has a contrast of %.2f", name, fg[1], below, got)
			}
		}
	}
}

// contrast is WCAG's ratio of two colours "#rrggbb".
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	light := func(s string) float64 {
		v, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			c := float64(v>>(16-8*i)&255) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		return sum
	}
	x, y := light(a), light(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
