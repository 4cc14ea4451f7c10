package notify

import (
	"context"
	"html"
	"testing"
	"time"

	"nhacviec/notify/notifytest"
	"nhacviec/tasks"
)

const (
	mailPassword  = "Mật-khẩu/CANARY+01"
	wrongPassword = "wrong-CANARY-02"
	telegramKey   = "123456:CANARY-telegram_03"
	strangerKey   = "654321:CANARY-stranger_04"
)

func TestEveryChannel(t *testing.T) {
	t.Parallel()
	subjects := map[string]notifytest.Subject{
		"email starttls": emailSubject(StartTLS),
		"email tls":      emailSubject(ImplicitTLS),
		"telegram":       telegramSubject(),
	}
	for name, subject := range subjects {
		for _, c := range notifytest.Suite(subject) {
			t.Run(name+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				if err := c.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func emailSubject(mode string) notifytest.Subject {
	return notifytest.Subject{
		Channel: tasks.Email,
		Address: "tuphap@example.gov.vn",
		Unknown: "khongco@example.gov.vn",
		Secrets: []string{mailPassword, wrongPassword},
		Start: func() (*notifytest.Rig, error) {
			server, err := notifytest.StartSMTP(notifytest.SMTPSetup{
				TLS: mode, Username: "nhacviec", Password: mailPassword, Mailboxes: []string{"tuphap@example.gov.vn"},
			})
			if err != nil {
				return nil, err
			}
			config := EmailConfig{
				Host: server.Host(), Port: server.Port(), TLS: mode, RootCAs: server.Roots(), Connections: 3,
				Username: "nhacviec", Password: NewSecret(mailPassword), From: "Nhắc việc <nhacviec@example.gov.vn>",
			}
			sender, err := NewEmail(config)
			if err != nil {
				return nil, err
			}
			config.Password = NewSecret(wrongPassword)
			stranger, err := NewEmail(config)
			return &notifytest.Rig{Sender: sender, Stranger: stranger, Far: server}, err
		},
	}
}

func telegramSubject() notifytest.Subject {
	return notifytest.Subject{
		Channel: tasks.Telegram,
		Address: "-1001234567890:12",
		Unknown: "-1009999999999",
		Secrets: []string{telegramKey, strangerKey},
		Markup:  html.EscapeString,
		Start: func() (*notifytest.Rig, error) {
			server, err := notifytest.StartTelegram(notifytest.TelegramSetup{Token: telegramKey, Chats: []string{"-1001234567890:12"}})
			if err != nil {
				return nil, err
			}
			sender, err := NewTelegram(TelegramConfig{Token: NewSecret(telegramKey), APIURL: server.URL()})
			if err != nil {
				return nil, err
			}
			stranger, err := NewTelegram(TelegramConfig{Token: NewSecret(strangerKey), APIURL: server.URL()})
			return &notifytest.Rig{Sender: sender, Stranger: stranger, Far: server}, err
		},
	}
}
