package main

import (
	"fmt"
	"log/slog"
	"sync"
	"time"

	"nhacviec/scheduler"
	"nhacviec/tasks/store"
	"nhacviec/web"
)

const (
	goneEvery   = 5 * time.Second // how often the service looks whether its file is there
	rescueRetry = time.Minute     // after what is stored could not be saved
)

// gone looks after a store whose file was removed or replaced under the daemon:
// what is written to it is lost with the process. So nothing is planned or sent
// any more, what is stored is saved among the backups, and the office is told.
type gone struct {
	store  *store.Store
	log    *slog.Logger
	report func(scheduler.Trouble, time.Time) // tells the office
	wake   func()                             // sending may go on

	mu     sync.Mutex // guards what follows
	err    error      // nil: the file is there
	rescue string     // path of what is saved
	failed error      // why it is not, or not all of it
	again  time.Time  // after a failure: not before
	told   scheduler.Trouble
}

// held reports whether the file is gone now.
func (g *gone) held() bool { return g.store.Gone() != nil }

// look saves what is stored into dir when the file is gone. now is when it looks.
func (g *gone) look(dir string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := g.err
	if g.err = g.store.Gone(); g.err == nil {
		if was != nil {
			g.log.Info("the database file is back; sending goes on", "store", g.store.Path())
			g.rescue, g.failed, g.told, g.again = "", nil, scheduler.Trouble{}, time.Time{}
			g.wake()
		}
		return
	}
	if was == nil {
		g.log.Error("nothing is planned or sent any more", "error", g.err)
	}
	if wait := g.again.Sub(now); wait > 0 && wait <= rescueRetry { // else the clock went back
		return
	}
	g.again = time.Time{}
	saved, err := g.store.Rescue(dir)
	if g.failed = err; err != nil {
		g.again = now.Add(rescueRetry)
		g.log.Error("what is stored cannot be saved; trying again", "error", err, "in", rescueRetry)
	} else if saved != g.rescue {
		g.rescue = saved
		g.log.Warn("what is stored is saved: stop the daemon and restore this", "file", saved)
	}
	if trouble := g.trouble(); trouble != g.told {
		g.told = trouble
		g.report(trouble, now)
	}
}

// trouble puts what happened, and the cure, into words for the office.
func (g *gone) trouble() scheduler.Trouble {
	cause := "Tệp cơ sở dữ liệu đã bị xóa hoặc bị thay bằng tệp khác trong khi dịch vụ đang chạy; việc nhắc tạm dừng vì những gì gửi đi không còn được lưu lại. "
	if g.failed != nil {
		return scheduler.Trouble{Cause: cause + "Dữ liệu CHƯA lưu được sang tệp khác: đề nghị quản trị viên KHÔNG dừng dịch vụ mà chạy ngay lệnh dưới đây, với tên một tệp mới",
			Command: "nhacviec backup TỆP", Detail: g.store.Path() + ": " + reason(g.failed)}
	}
	return scheduler.Trouble{Cause: cause + "Toàn bộ dữ liệu đã được lưu sang tệp khác; đề nghị quản trị viên dừng dịch vụ, chạy lệnh dưới đây rồi khởi động lại",
		Command: "nhacviec restore " + g.rescue, Detail: g.store.Path()}
}

// fill puts what is known into the status.
func (g *gone) fill(st *web.Status) {
	err := g.store.Gone() // now, not at the last look
	if err == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	st.Gone = &web.Gone{Error: explainError(err).Message, Rescue: g.rescue}
	if g.failed != nil {
		st.Gone.RescueError = g.failed.Error()
	}
}

// goneRows say what a person has to do now.
func goneRows(g *web.Gone) [][]string {
	if g == nil {
		return nil
	}
	rows := [][]string{{"store", g.Error}, {"", "nothing is planned or sent"}}
	switch {
	case g.RescueError != "":
		rows = append(rows, []string{"", "NOT SAVED: " + g.RescueError + "; do not stop the daemon: nhacviec backup FILE"})
	case g.Rescue != "":
		rows = append(rows, []string{"", fmt.Sprintf("saved: stop the daemon, nhacviec restore %s, start it", g.Rescue)})
	}
	return rows
}
