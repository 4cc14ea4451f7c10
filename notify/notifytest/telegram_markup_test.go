package notifytest

import "testing"

func TestParseTelegramHTML(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, plain, complaint string }{
		{"Nhắc việc", "Nhắc việc", ""},
		{"<b>a <i>b</i></b> <a href=\"https://example.vn\">c</a>", "a b c", ""},
		{"<B>a</b>", "a", ""},
		{"<pre><code class=\"language-go\">x</code></pre>", "x", ""},
		{"&lt;&gt;&amp;&quot;&#39;&#x1F4C5;&nbsp;&apos;", "<>&\"'📅&nbsp;&apos;", ""},
		{"a & b && c; &#zz;", "a & b && c; &#zz;", ""},
		{"5 > 3", "5 > 3", ""},
		{"a<br>b", "", `Unsupported start tag "br" at byte offset 1`},
		{"ệ<phòng>", "", `Unsupported start tag "phòng" at byte offset 3`},
		{"a <b", "", "Unclosed start tag at byte offset 2"},
		{"<b>a<i>b</b>", "", `Unmatched end tag at byte offset 8, expected "</i>", found "</b>"`},
		{"a</b>", "", "Unexpected end tag at byte offset 1"},
		{"<b>a", "", `Can't find end tag corresponding to start tag "b"`},
	} {
		plain, complaint := parseTelegramHTML(c.text)
		if plain != c.plain || complaint != c.complaint {
			t.Errorf("%q: want %q, %q; got %q, %q", c.text, c.plain, c.complaint, plain, complaint)
		}
	}
}
