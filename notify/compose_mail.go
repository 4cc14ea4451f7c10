package notify

import (
	"bytes"
	"embed"
	"fmt"
	html "html/template"
	"strings"
	text "text/template"

	"nhacviec/tasks"
)

//go:embed templates
var templateFiles embed.FS

// The colours of a tone: text, and the tint below it. Each pair, and the text
// on white, has a contrast of 4.5 or more. The dark ones are in the template.
var palette = map[tone]struct{ Fg, Bg string }{
	late:     {"#b42318", "#fee4e2"},
	today:    {"#b54708", "#ffead5"},
	soon:     {"#7a5200", "#fef3c7"},
	fine:     {"#05603a", "#d1fadf"},
	done:     {"#175cd3", "#e0f0ff"},
	doneLate: {"#6927da", "#f0e9ff"},
	calm:     {"#475467", "#f2f4f7"},
}

// html/template drops comments, and Outlook's own mark-up lives in them.
var outlook = map[string]html.HTML{
	"head": `<!--[if mso]><noscript><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml></noscript>` +
		`<style>td,th,p,h1,h2{font-family:Arial,sans-serif !important}</style><![endif]-->`,
	"open":  `<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`,
	"close": `<!--[if mso]></td></tr></table><![endif]-->`,
}

// padding keeps the body's text out of a phone's preview line.
var padding = html.HTML(strings.Repeat("&#847;&zwnj;&nbsp;", 60))

var mailHTML = html.Must(html.New("mail.html.tmpl").Funcs(html.FuncMap{
	"fg":      func(t tone) string { return palette[t].Fg },
	"bg":      func(t tone) string { return palette[t].Bg },
	"outlook": func(part string) html.HTML { return outlook[part] },
	"padding": func() html.HTML { return padding },
	"share":   func(boxes []box) int { return 96 / len(boxes) },
}).ParseFS(templateFiles, "templates/mail.html.tmpl"))

var mailText = text.Must(text.New("mail.txt.tmpl").Funcs(text.FuncMap{
	"wrap":     func(s string) string { return wrap("", "", s) },
	"item":     func(s string) string { return wrap("- ", "  ", s) },
	"label":    numbered,
	"below":    func(s string) string { return wrap("    ", "    ", s) },
	"sentence": sentence,
	"upper":    strings.ToUpper,
}).ParseFS(templateFiles, "templates/mail.txt.tmpl"))

// usualPage is what the HTML part of most mails comes to, in bytes.
const usualPage = 16 << 10

// mail renders a letter as a mail's subject and two parts.
func (l letter) mail() (tasks.Content, error) {
	var page, body bytes.Buffer
	page.Grow(usualPage)
	if err := mailHTML.Execute(&page, l); err != nil {
		return tasks.Content{}, fmt.Errorf("render the HTML part: %w", err)
	}
	if err := mailText.Execute(&body, l); err != nil {
		return tasks.Content{}, fmt.Errorf("render the text part: %w", err)
	}
	return tasks.Content{Subject: l.Subject, HTML: page.String(), Text: []string{body.String()}}, nil
}

// numbered writes a row's name behind its number, or a dash, the lines below
// it indented as far as those of all rows.
func numbered(r row) string {
	first := "-"
	if r.No != "" {
		first = string(r.No) + "."
	}
	return wrap(fmt.Sprintf("%-3s ", first), "    ", r.Name)
}
