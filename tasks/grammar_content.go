package tasks

import "strings"

// DeadlineFromContent looks for a due date in a task's own text: a bracket
// that holds nothing but one, "(hoàn thành trong tháng 3/2023)", or a clause
// that starts with the words of completion. Brackets that disagree are no
// deadline. Found holds the words.
func DeadlineFromContent(content string, issued Date) (Deadline, bool) {
	var found Deadline
	for _, words := range candidates(Clean(content)) {
		r := read(words, issued)
		d := r.deadline()
		if d.Kind != Dated && d.Kind != Periodic || r.spoke {
			continue
		}
		if found.Kind != "" && !found.SameTerms(d) {
			return Deadline{}, false
		}
		if found.Kind == "" {
			found = d
			found.Text, found.Found, found.Source, found.Version = "", words, FromContent, 1
		}
	}
	return found, found.Kind != ""
}

// candidates returns the innermost brackets of a text, and the last clause of
// each sentence, that start like a deadline.
func candidates(s string) []string {
	var out []string
	start := 0
	for i, c := range s {
		switch c {
		case '(', '[', '{', ';', ',':
			start = i
		case ')', ']', '}':
			if s[start] == '(' || s[start] == '[' || s[start] == '{' {
				out = append(out, s[start:i+1])
			}
			start = i
		case '.':
			if i+1 == len(s) || s[i+1] == ' ' {
				out = append(out, s[start:i])
				start = i
			}
		}
	}
	out = append(out, s[start:])
	kept := out[:0]
	for _, words := range out {
		words = strings.TrimLeft(words, ",;. ")
		r := reader{tokens: tokenise(words)}
		r.is("(")
		if r.take(contentHeads) {
			kept = append(kept, strings.TrimSpace(words))
		}
	}
	return kept
}

var contentHeads = newPhrases("hoàn thành|hoàn tất|xong|thời hạn|thời gian hoàn thành|hạn|hạn cuối|hạn chót|chậm nhất|muộn nhất|trước ngày|thực hiện trước|thực hiện trong|thực hiện xong|triển khai xong|không quá ngày")
