package main

import (
	"context"
	"errors"
	"maps"
	"time"

	"nhacviec/notify"
	"nhacviec/scheduler"
	"nhacviec/tasks"
)

// keeper is a channel with something to look after between messages: access
// that has to be renewed.
type keeper interface {
	// Keep renews it when it is time. It returns when that is done or ctx ends.
	Keep(context.Context)
	// Trouble is what a person must know before messages fail for it. It touches
	// no network.
	Trouble() error
}

// keepChannels lets the channels look after themselves. The office hears of
// trouble when it begins, when it changes, and once a day.
func (s *service) keepChannels(ctx context.Context, told map[tasks.Channel]string) {
	s.mu.Lock()
	open, location := maps.Clone(s.channels), s.config.Location
	s.mu.Unlock()
	for ch, c := range open {
		k, ok := c.(keeper)
		if !ok {
			continue
		}
		k.Keep(ctx)
		err := k.Trouble()
		if err == nil {
			delete(told, ch)
			continue
		}
		now := time.Now().Round(0)
		trouble := troubleOf(ch, err)
		if news := now.In(location).Format(time.DateOnly) + trouble.Cause + trouble.Detail; told[ch] != news {
			told[ch] = news
			s.log.Error("a channel needs a person", "channel", ch, "error", err)
			s.daemon.loop.Report(trouble, now)
		}
	}
}

// troubleOf puts a channel's trouble into words for the office.
func troubleOf(ch tasks.Channel, err error) scheduler.Trouble {
	if errors.Is(err, notify.ErrReauthorize) {
		return scheduler.Trouble{Command: "nhacviec reload",
			Cause: "Kênh Zalo OA sẽ ngừng gửi khi mã truy cập hiện có hết hạn, vì Zalo không còn nhận mã làm mới (refresh token). " +
				"Đề nghị quản trị viên cấp quyền lại cho ứng dụng trên trang developers.zalo.me, ghi mã làm mới được cấp vào tệp refresh_token_file, rồi chạy lệnh dưới đây"}
	}
	return scheduler.Trouble{Cause: "Kênh " + channelWords[ch] + " cần quản trị viên xem lại bằng lệnh dưới đây", Command: "nhacviec status", Detail: err.Error()}
}
