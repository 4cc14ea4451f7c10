package main

import (
	"path/filepath"
	"time"

	"nhacviec/scheduler"
)

// A disk is nearly full when less than a twentieth of it and less than enough is
// free. What can no longer be recorded is not sent.
const enough = 5 << 30 // bytes

func nearlyFull(free, size uint64) bool { return free < enough && free < size/20 }

// findRoom tells the office, once a day, that a disk is nearly full: the one of
// the store, or else that of the backups. room is diskRoom.
func (s *service) findRoom(now time.Time, room func(dir string) (free, size uint64, known bool)) {
	c := s.current()
	for _, place := range []struct{ dir, words string }{
		{filepath.Dir(s.store.Path()), "dữ liệu"},
		{c.Backup.Dir, "bản sao lưu"},
	} {
		free, size, known := room(place.dir)
		if !known || !nearlyFull(free, size) {
			continue
		}
		trouble := scheduler.Trouble{Cause: "Ổ đĩa chứa " + place.words + " của phần mềm còn trống dưới 5 %; khi ổ đĩa đầy, thông báo không ghi lại được sẽ không được gửi. " +
			"Đề nghị quản trị viên giải phóng hoặc mở rộng ổ đĩa"}
		if s.silence.isNews(trouble, now.In(c.Location)) {
			s.log.Error("the disk is nearly full", "dir", place.dir, "free", free, "size", size)
			s.daemon.loop.Report(trouble, now)
		}
		return
	}
}
