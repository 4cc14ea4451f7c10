package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"nhacviec/notify"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
	"nhacviec/web"
)

func newSendTestCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "send-test CHANNEL ADDRESS",
		Short: "Send one real message",
		Long: `Send-test sends one real message at once and prints the server's reply. When it is
not delivered, it says why and exits with 1. CHANNEL is email, telegram, zalo_bot
or zalo_oa. The id of a chat group begins with a hyphen: that is no flag here.`,
		Example: `  nhacviec send-test email vanphong@example.gov.vn
  nhacviec send-test telegram -1001234567890`,
		Args: arguments("CHANNEL", "ADDRESS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			channels := make([]string, len(tasks.Channels))
			for i, ch := range tasks.Channels {
				channels[i] = string(ch)
			}
			if err := oneOf("no channel", args[0], channels); err != nil {
				return err
			}
			return a.ask(cmd.Context(), changes, func(ctx context.Context, c *web.Client) error {
				sent, err := c.SendTest(ctx, web.SendTest{Channel: tasks.Channel(args[0]), Address: args[1]})
				if err != nil {
					return err
				}
				return a.printDone(sent, func() error {
					return a.printLine(fmt.Sprintf("delivered to %s by %s: %s", sent.Address, sent.Channel, sent.Reply))
				})
			})
		},
	}
}

var exampleAddress = map[tasks.Channel]string{
	tasks.Email:    "vanphong@example.gov.vn",
	tasks.Telegram: "-1001234567890",
	tasks.ZaloBot:  "1a2b3c4d5e6f7a8b",
	tasks.ZaloOA:   "1234567890123456789",
}

// testTimeout bounds a test message, from dialling to the last reply.
const testTimeout = 90 * time.Second

// sendTest sends one real message through a channel.
func sendTest(ctx context.Context, c *Config, open map[tasks.Channel]channel, ch tasks.Channel, address string, now time.Time) (tasks.Receipt, error) {
	to, ok := open[ch]
	if !ok {
		return tasks.Receipt{}, web.Failure(fmt.Sprintf("the channel %s is not configured", ch), fmt.Sprintf("add the table [%s] to the config", ch))
	}
	if err := notify.CheckAddress(ch, address); err != nil {
		why := cmp.Or(errors.Unwrap(err), err) // the rest repeats channel and address
		return tasks.Receipt{}, web.Failure(fmt.Sprintf("%q is no address of %s: %v", address, ch, why), "for example: nhacviec send-test "+string(ch)+" "+exampleAddress[ch])
	}
	at := now.In(c.Location).Truncate(time.Second)
	text := fmt.Sprintf("Đây là tin gửi thử của hệ thống nhắc việc, %s, gửi lúc %s ngày %s. Đồng chí không cần làm gì thêm.",
		c.Office.Organization, at.Format("15:04"), tasks.DateOf(at).Day())
	if ch == tasks.Telegram {
		text = html.EscapeString(text)
	}
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	return to.Send(ctx, tasks.Outgoing{
		ID:      "test-" + strings.ToLower(rand.Text()),
		At:      at,
		Address: address,
		Subject: "[Nhắc hạn] Tin gửi thử",
		Text:    text,
	})
}

// ownTester sends test messages when no daemon runs, through channels that it
// opens for that.
type ownTester struct {
	config *Config
	store  *store.Store
	now    func() time.Time
}

func (t ownTester) SendTest(ctx context.Context, ch tasks.Channel, address string) (receipt tasks.Receipt, err error) {
	open, err := openChannels(t.config, t.store)
	defer func() {
		for _, c := range open {
			err = errors.Join(err, c.Close())
		}
	}()
	if err != nil {
		return tasks.Receipt{}, err
	}
	return sendTest(ctx, t.config, open, ch, address, t.now())
}
