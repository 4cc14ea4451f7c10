package notify

import (
	"strings"
	"testing"

	"nhacviec/tasks"
)

func TestCheckAddress(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64)
	for _, c := range []struct {
		channel tasks.Channel
		good    []string
		bad     []string
	}{
		{tasks.Email,
			[]string{"tuphap@example.gov.vn", "a@b.vn", "van.phong+nhac@dongxoai.binhphuoc.gov.vn", long + "@b.vn", "o'neil@example.vn", "a@xn--cng-ty-7ya.vn", "A_b-c@Example.VN"},
			[]string{"", "a", "@b.vn", "a@", "a@b", "a@localhost", long + "a@b.vn", "a@" + strings.Repeat("b.", 127) + "vn", "a b@b.vn", "a@b .vn", "nguyễn@b.vn", "a@công-ty.vn", "đ@b.vn",
				"a@b_c.vn", "a@-b.vn", "a@b-.vn", "a@b..vn", ".a@b.vn", "a.@b.vn", "a..b@b.vn", `"a b"@b.vn`, "a@[127.0.0.1]", "a@127.0.0.1", "a@b.vn, c@d.vn", "a@b.vn\r\nRCPT TO:<x@y.vn>",
				"<a@b.vn>", "Tên <a@b.vn>", "a@b.vn>", "a@@b.vn", "a@b@c.vn", "a@b.vn\x00", `a"@b.vn> ORCPT=x`, "a@" + long + ".vn"}},
		{tasks.Telegram,
			[]string{"123", "-456", "-1001234567890", "-1001234567890:12", "-1001234567890:1", "9007199254740991"},
			[]string{"", "0", "+1", "01", "-", "@kenh", "abc", "12 3", "-100123:", "-100123:0", "-100123:-1", "-100123:x", "-100123:01", "-100123:1:2", "123:4", "-456:7", "99999999999999999999", "１２３"}},
		{tasks.ZaloBot,
			[]string{"zgr-0123456789abcdef0123", "6ede0123456789abcdef"},
			[]string{"", " ", "a b", "a\n", "nhóm", "a\u00a0b", strings.Repeat("a", 129)}},
		{tasks.ZaloOA,
			[]string{"f414c8f76fa586fbdfb4", "1234567890123456789"},
			[]string{"", "a b", "a\tb", "a\x7f"}},
		{"fax", nil, []string{"0271"}},
	} {
		for _, address := range c.good {
			if err := CheckAddress(c.channel, address); err != nil {
				t.Errorf("%s: %v", c.channel, err)
			}
		}
		for _, address := range c.bad {
			if err := CheckAddress(c.channel, address); err == nil {
				t.Errorf("%s: %q passes", c.channel, address)
			}
		}
	}
}

// FuzzCheckAddress: what passes can stand in a command of a protocol as it is.
func FuzzCheckAddress(f *testing.F) {
	for _, seed := range []string{"tuphap@example.gov.vn", "a@b.vn\r\nDATA", "-1001234567890:12", "a>b@c.vn", "zgr-01", "đ@b.vn", "a@b.vn\u2028"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		for _, ch := range tasks.Channels {
			if CheckAddress(ch, address) != nil {
				continue
			}
			for _, c := range address {
				if c <= ' ' || c >= 0x7f || ch == tasks.Email && strings.ContainsRune(`<>"(),:;[\]`, c) {
					t.Errorf("%s: %q passes with %q", ch, address, c)
				}
			}
			if len(address) > 254 {
				t.Errorf("%s: %d bytes pass", ch, len(address))
			}
		}
	})
}
