package notify

import (
	"fmt"
	"strconv"
	"strings"

	"nhacviec/tasks"
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
	items       []item
}

// item is text that stays whole, and the step that it tells of, as in row.
type item struct {
	text string
	step int
}

// A chat shows less of a long text than a mail does.
const (
	mostChatName  = 140
	mostChatWords = 90
)

// chat puts a letter about so many steps into the parts of a chat message.
func (l letter) chat(d dialect, steps int) tasks.Content {
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
	blocks := []block{{items: []item{{text: strings.Join(opening, "\n")}}}}
	if l.Table != nil {
		b := block{head: d.strong("Theo đơn vị chủ trì"), again: d.strong("Theo đơn vị chủ trì (tiếp)")}
		for _, r := range l.Table.Rows {
			b.items = append(b.items, item{text: d.escape.Replace("- " + r.Name + ": " + l.Table.Counts(r))})
		}
		blocks = append(blocks, b)
	}
	for _, g := range l.Groups {
		title := g.Icon + " " + strings.ToUpper(g.Title)
		b := block{head: d.strong(fmt.Sprintf("%s (%d)", title, g.Count)), again: d.strong(title + " (tiếp)")}
		for _, r := range g.Rows {
			b.items = append(b.items, item{r.chat(d), r.step})
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
	blocks = append(blocks, block{items: []item{{text: strings.Join(closing, "\n")}}})
	parts, carried := d.pack(subjectTag+l.Day, blocks)
	if len(parts) == 1 || steps == 0 {
		return tasks.Content{Text: parts}
	}
	return tasks.Content{Text: parts, Carries: carries(carried, steps)}
}

// carries turns the places of steps in each part into indexes. What no row
// tells of is counted in the closing lines, and so carried by the last part.
func carries(carried [][]int, steps int) [][]int {
	out := make([][]int, len(carried))
	told := make([]bool, steps)
	for part, places := range carried {
		for _, p := range places {
			out[part] = append(out[part], p-1)
			told[p-1] = true
		}
	}
	last := len(out) - 1
	for i, is := range told {
		if !is {
			out[last] = append(out[last], i)
		}
	}
	return out
}

// chat puts a row into a chat's lines.
func (r row) chat(d dialect) string {
	most := mostChatName
	if r.Whole {
		most = mostTrouble
	}
	name := d.escape.Replace(cut(r.Name, most))
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
		lines = append(lines, d.escape.Replace("→ "+cut(r.Command, mostCause)))
	}
	return strings.Join(lines, "\n")
}

// pack fills parts with blocks, breaking between items only, and numbers the
// parts when there are several; carried are the steps that each tells of. No
// item is longer than a part has room.
func (d dialect) pack(title string, blocks []block) (parts []string, carried [][]int) {
	const mark = " (99/99)"
	room := d.limit - units16(d.strong(title+mark)+"\n\n")
	var body strings.Builder
	used := 0
	var steps []int
	finish := func() {
		parts, carried = append(parts, body.String()), append(carried, steps)
		body.Reset()
		used, steps = 0, nil
	}
	for _, b := range blocks {
		for i, item := range b.items {
			text, gap := item.text, d.gap
			if i == 0 {
				gap = "\n\n"
				if b.head != "" {
					text = b.head + "\n" + text
				}
			}
			if used > 0 && used+len(gap)+units16(text) > room {
				finish()
				if i > 0 && b.head != "" {
					text = b.again + "\n" + text
				}
			}
			if used > 0 {
				body.WriteString(gap)
				used += len(gap)
			}
			body.WriteString(text)
			used += units16(text)
			if item.step > 0 {
				steps = append(steps, item.step)
			}
		}
	}
	finish()
	for i, s := range parts {
		head := title
		if len(parts) > 1 {
			head += fmt.Sprintf(" (%d/%d)", i+1, len(parts))
		}
		parts[i] = d.strong(head) + "\n" + s
	}
	return parts, carried
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
