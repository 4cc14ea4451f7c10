package notify

import (
	"context"
	"errors"
	"html"
	"sync"
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
	appSecret     = "CANARY/app+secret=05"
	wrongSecret   = "CANARY/wrong+secret=06"
	refreshToken  = "CANARY-refresh-token/07"
)

func TestEveryChannel(t *testing.T) {
	t.Parallel()
	subjects := map[string]notifytest.Subject{
		"email starttls": emailSubject(StartTLS),
		"email tls":      emailSubject(ImplicitTLS),
		"telegram":       telegramSubject(),
		"zalo bot":       zaloBotSubject(),
		"zalo oa":        zaloOASubject(),
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

func zaloBotSubject() notifytest.Subject {
	return notifytest.Subject{
		Channel: tasks.ZaloBot,
		Address: "zgr-0123456789abcdef0123",
		Unknown: "zgr-ffffffffffffffffffff",
		Secrets: []string{telegramKey, strangerKey},
		Start: func() (*notifytest.Rig, error) {
			server, err := notifytest.StartZaloBot(notifytest.ZaloBotSetup{Token: telegramKey, Chats: []string{"zgr-0123456789abcdef0123"}})
			if err != nil {
				return nil, err
			}
			sender, err := NewZaloBot(ZaloBotConfig{Token: NewSecret(telegramKey), APIURL: server.URL()})
			if err != nil {
				return nil, err
			}
			stranger, err := NewZaloBot(ZaloBotConfig{Token: NewSecret(strangerKey), APIURL: server.URL()})
			return &notifytest.Rig{Sender: sender, Stranger: stranger, Far: server}, err
		},
	}
}

func zaloOASubject() notifytest.Subject {
	return notifytest.Subject{
		Channel: tasks.ZaloOA,
		Address: "f414c8f76fa586fbdfb4",
		Unknown: "ffffffffffffffffffff",
		Secrets: []string{appSecret, wrongSecret, refreshToken},
		Start: func() (*notifytest.Rig, error) {
			server, err := notifytest.StartZaloOA(notifytest.ZaloOASetup{
				AppID: "42", AppSecret: appSecret, RefreshToken: refreshToken, Groups: []string{"f414c8f76fa586fbdfb4"}})
			if err != nil {
				return nil, err
			}
			sender, err := NewZaloOA(zaloOAConfig(server, &memory{}))
			if err != nil {
				return nil, err
			}
			config := zaloOAConfig(server, &memory{})
			config.AppSecret = NewSecret(wrongSecret)
			stranger, err := NewZaloOA(config)
			return &notifytest.Rig{Sender: sender, Stranger: stranger, Far: server}, err
		},
	}
}

func zaloOAConfig(server *notifytest.ZaloOA, state TokenStore) ZaloOAConfig {
	return ZaloOAConfig{
		AppID: "42", AppSecret: NewSecret(appSecret), RefreshToken: NewSecret(refreshToken),
		APIURL: server.URL(), OAuthURL: server.URL(), State: state,
	}
}

// memory is a TokenStore that can fail, and remembers all that was ever in it.
type memory struct {
	mu      sync.Mutex
	value   []byte
	history []string
	spare   int // so many more writes succeed before fail counts
	fail    int // so many more writes fail
}

func (m *memory) ChannelState(tasks.Channel, string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.value, nil
}

func (m *memory) SetChannelState(_ tasks.Channel, _ string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.spare > 0 {
		m.spare--
	} else if m.fail > 0 {
		m.fail--
		return errors.New("no space left on device")
	}
	m.value = value
	m.history = append(m.history, string(value))
	return nil
}

// failAfter lets some writes pass before others fail, counted from the first.
func (m *memory) failAfter(pass, fail int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spare, m.fail = pass-len(m.history), fail
}
