package notify

import (
	"strings"
	"testing"

	"nhacviec/tasks"
)

// What is to be done about a trouble is on every channel, whatever the length
// of the technical detail, and its command stands alone in a line.
func TestTroubleKeepsItsCure(t *testing.T) {
	t.Parallel()
	cure := "đề nghị quản trị viên " + strings.Repeat("làm đúng như hướng dẫn này ", 12) + "rồi chạy lệnh dưới đây"
	at := day("12/07/2023").At(8, 0, vietnam)
	f := tasks.Failure{At: at, Cause: "kênh Zalo OA sắp ngừng gửi; " + cure, Command: "nhacviec reload", Detail: strings.Repeat("no such file ", 200), Times: 39}
	for _, ch := range tasks.Channels {
		m := tasks.Message{Kind: tasks.FailureNotice, At: at, Recipient: tasks.Recipient{Channel: ch, Unit: "van-phong", Address: "x"}, Failures: []tasks.Failure{f}}
		c, err := Compose(m, briefing(t))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(c.Text, "\n")
		words := strings.Join(strings.Fields(text), " ")
		for _, want := range []string{"Kênh Zalo OA", cure + ".", "× 39 lần", "Chi tiết kỹ thuật: no such file"} {
			if !strings.Contains(words, want) {
				t.Errorf("%s: lacks %q:\n%s", ch, want, text)
			}
		}
		alone := false
		for line := range strings.Lines(text) {
			alone = alone || strings.TrimSpace(strings.TrimPrefix(line, "→ ")) == "nhacviec reload"
		}
		if !alone {
			t.Errorf("%s: the command does not stand alone:\n%s", ch, text)
		}
	}
}

// What nobody knows to have arrived is not said not to have.
func TestUnsureIsAskedFirst(t *testing.T) {
	t.Parallel()
	at := day("12/07/2023").At(8, 0, vietnam)
	m := tasks.Message{Kind: tasks.FailureNotice, At: at, Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "van-phong", Address: "x"},
		Failures: []tasks.Failure{{ID: "k7w2", Unsure: true, Cause: "Phần mềm đã dừng đột ngột", Recipient: tasks.Recipient{Channel: tasks.Email, Unit: "tu-phap", Address: "tuphap@example.gov.vn"}}}}
	c, err := Compose(m, briefing(t))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(c.Text[0]), " ")
	for _, want := range []string{"chưa rõ đơn vị đã nhận được hay chưa", "hỏi lại đơn vị trước", "nhacviec resend k7w2"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "không gửi được") || strings.Contains(text, "đơn vị chưa nhận được;") {
		t.Errorf("says that it did not arrive:\n%s", text)
	}
}

// A plan that has only its id is no basis that an official letter would name.
func TestBasisNeedsATitle(t *testing.T) {
	t.Parallel()
	s := reminder(t, "tu-phap", "12/07/2023", "22")
	for id, p := range s.b.Plans {
		p.Title = id
		s.b.Plans[id] = p
	}
	if text := compose(t, s, tasks.Email).Text[0]; strings.Contains(text, "Theo ct05") {
		t.Errorf("it rests on an id:\n%s", text)
	}
}
