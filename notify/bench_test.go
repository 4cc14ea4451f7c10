package notify

import (
	"testing"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

// BenchmarkSend is one message after another, to a server on this machine.
func BenchmarkSend(b *testing.B) {
	for name, subject := range map[string]notifytest.Subject{
		"email": emailSubject(StartTLS), "telegram": telegramSubject(), "zalo bot": zaloBotSubject(), "zalo oa": zaloOASubject(),
	} {
		b.Run(name, func(b *testing.B) {
			rig, err := subject.Start()
			if err != nil {
				b.Fatal(err)
			}
			defer rig.Far.Close()
			defer rig.Sender.Close()
			out := oneMail()
			out.Address, out.HTML = subject.Address, ""
			if subject.Channel == tasks.Email {
				out.HTML = oneMail().HTML
			}
			for b.Loop() {
				if _, err := rig.Sender.Send(b.Context(), out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
