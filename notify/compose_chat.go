package notify

import (
	"fmt"
	"strconv"
	"strings"
)

// dialect is how a chat wants its text.
type dialect struct {
	limit  int    // UTF-16 units in one part
	gap    string // between the items of a block
	escape *strings.Replacer
	bold   [2]string
	italic [2]string
}

var (
	telegram = dialect{4096, "\n", strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;"), [2]string{"<b>", "</b>"}, [2]string{"<i>", "</i>"}}
	// Zalo would turn "[@id]" into a mention of somebody.
	zalo = dialect{1900, "\n\n", strings.NewReplacer("[@", "[ @"), [2]string{}, [2]string{}}
)

func (d dialect) strong(s string) string { return d.bold[0] + d.escape.Replace(s) + d.bold[1] }
func (d dialect) slight(s string) string { return d.italic[0] + d.escape.Replace(s) + d.italic[1] }

// block is a piece of a chat message: items that stay whole below a heading,
// which is said again where they go on in another part.
type block struct {
	head, again string
	items       []string
}

// A chat shows less of a long text than a mail does.
const (
	mostChatName  = 140
	mostChatWords = 90
)

// chat puts a letter into the parts of a chat message.
func (l letter) chat(d dialect) []string {
	opening := []string{d.escape.Replace("Kính gửi: " + l.To), d.strong(sentence(l.Headline))}
	if l.Basis != "" {
		opening = append(opening, d.escape.Replace(sentence(cut(l.Basis, mostTitle))))
	}
	for _, line := range l.Boxes {
		if len(l.Boxes) > 1 {
			var counts []string
			for _, b := range line {
				counts = append(counts, b.Label+": "+strconv.Itoa(b.N))
			}
			opening = append(opening, d.escape.Replace(strings.Join(counts, " · ")))
		}
	}
	for _, n := range l.Notes {
		opening = append(opening, d.escape.Replace(n))
	}
	blocks := []block{{items: []string{strings.Join(opening, "\n")}}}
	if l.Table != nil {
		b := block{head: d.strong("Theo đơn vị chủ trì"), again: d.strong("Theo đơn vị chủ trì (tiếp)")}
		for _, r := range l.Table.Rows {
			b.items = append(b.items, d.escape.Replace("- "+r.Name+": "+l.Table.Counts(r)))
		}
		blocks = append(blocks, b)
	}
	for _, g := range l.Groups {
		title := g.Icon + " " + strings.ToUpper(g.Title)
		b := block{head: d.strong(fmt.Sprintf("%s (%d)", title, g.Count)), again: d.strong(title + " (tiếp)")}
		for _, r := range g.Rows {
			b.items = append(b.items, r.chat(d))
		}
		blocks = append(blocks, b)
	}
	var closing []string
	for _, s := range append([]string{l.More}, l.Actions...) {
		if s != "" {
			closing = append(closing, d.escape.Replace(s))
		}
	}
	closing = append(closing, d.escape.Replace(sentence("Đầu mối: "+l.Contact)))
	blocks = append(blocks, block{items: []string{strings.Join(closing, "\n")}})
	return d.pack(subjectTag+l.Day, blocks)
}

// chat puts a row into a chat's lines.
func (r row) chat(d dialect) string {
	name := d.escape.Replace(cut(r.Name, mostChatName))
	if r.No != "" {
		name = d.strong(string(r.No)+".") + " " + name
	}
	state := cut(r.State, mostChatWords)
	if r.When != "" {
		state += " · " + cut(r.When, mostChatWords)
	}
	lines := []string{name, d.slight(state)}
	if r.Role != "" {
		lines = append(lines, d.escape.Replace(cut(r.Role, mostChatWords)))
	}
	for _, s := range r.Details {
		lines = append(lines, d.escape.Replace(cut(s, 2*mostChatWords)))
	}
	if r.Command != "" {
		lines = append(lines, d.escape.Replace("→ "+cut(r.Command, 2*mostChatWords)))
	}
	return strings.Join(lines, "\n")
}

// pack fills parts with blocks, breaking between items only, and numbers the
// parts when there are several. No item is longer than a part has room.
func (d dialect) pack(title string, blocks []block) []string {
	const mark = " (99/99)"
	room := d.limit - units16(d.strong(title+mark)+"\n\n")
	var bodies []string
	var body strings.Builder
	used := 0
	for _, b := range blocks {
		for i, item := range b.items {
			gap := d.gap
			if i == 0 {
				gap = "\n\n"
				if b.head != "" {
					item = b.head + "\n" + item
				}
			}
			if used > 0 && used+len(gap)+units16(item) > room {
				bodies = append(bodies, body.String())
				body.Reset()
				used = 0
				if i > 0 && b.head != "" {
					item = b.again + "\n" + item
				}
			}
			if used > 0 {
				body.WriteString(gap)
				used += len(gap)
			}
			body.WriteString(item)
			used += units16(item)
		}
	}
	bodies = append(bodies, body.String())
	parts := make([]string, len(bodies))
	for i, s := range bodies {
		head := title
		if len(bodies) > 1 {
			head += fmt.Sprintf(" (%d/%d)", i+1, len(bodies))
		}
		parts[i] = d.strong(head) + "\n" + s
	}
	return parts
}

// Counts writes a row of the table as a sentence without its zeros.
func (t *table) Counts(r tableRow) string {
	var out []string
	for i, n := range r.Cells {
		if n > 0 {
			out = append(out, strings.ToLower(t.Head[i])+" "+strconv.Itoa(n))
		}
	}
	return strings.Join(out, ", ")
}
