package notify

import (
	"strings"
	"testing"
	"time"

	"nhacviec/tasks"
)

// TestSentLate composes on the due date itself what was planned three days
// before it: the words are those of the day of sending, on every channel.
func TestSentLate(t *testing.T) {
	t.Parallel()
	planned := time.Date(2023, 7, 12, 7, 30, 0, 0, day("12/07/2023").At(0, 0, time.FixedZone("+07", 7*3600)).Location())
	b := briefing(t)
	b.Now = planned.AddDate(0, 0, 3)
	for _, ch := range tasks.Channels {
		m := tasks.Message{Kind: tasks.Reminder, At: planned, Recipient: tasks.Recipient{Channel: ch, Unit: "tu-phap", Address: "x"},
			Steps: []tasks.Step{step("21", day("12/07/2023"), day("15/07/2023"))}}
		c, err := Compose(m, b)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ToLower(c.Subject + c.HTML + strings.Join(c.Text, ""))
		if !strings.Contains(text, "hôm nay") || strings.Contains(text, "còn 3 ngày") || !strings.Contains(text, "15/07/2023") {
			t.Errorf("%s: says something else than that it is due today:\n%s", ch, c.Text[0])
		}
	}
}
