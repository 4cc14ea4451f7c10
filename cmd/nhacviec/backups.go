package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"nhacviec/scheduler"
	"nhacviec/tasks"
	"nhacviec/tasks/store"
	"nhacviec/web"
)

// backups makes the daily backups of a store.
type backups struct {
	store  *store.Store
	log    *slog.Logger
	report func(scheduler.Trouble, time.Time) // tells the office

	mu     sync.Mutex // guards what follows
	status web.BackupStatus
	again  time.Time // after a failure: not before
	told   tasks.Date
}

// backupRetry is how long after a failure the backup is tried again.
const backupRetry = 15 * time.Minute

// look makes the backup that is due, if one is. now is in the configured zone.
func (b *backups) look(c BackupConfig, now time.Time) {
	b.mu.Lock()
	wait := now.Before(b.again) && b.again.Sub(now) <= backupRetry // else the clock went back
	b.mu.Unlock()
	if c.Keep == 0 || wait {
		return
	}
	started := time.Now()
	made, err := b.store.Keep(c.Dir, backupDay(now, c.At), c.Keep)
	b.mu.Lock()
	defer b.mu.Unlock()
	if errors.Is(err, context.Canceled) {
		return // the daemon ends; the next one makes it
	}
	if err != nil {
		b.failed(err, now)
		return
	}
	b.again = time.Time{}
	b.status.Error, b.status.ErrorAt = "", time.Time{}
	if made {
		b.log.Info("backup made", "dir", c.Dir, "name", store.BackupName(backupDay(now, c.At)), "took", time.Since(started).Round(time.Millisecond))
	}
}

// failed notes a failure. The office hears of it once a day.
func (b *backups) failed(err error, now time.Time) {
	b.log.Error("backup failed; trying again", "error", err, "in", backupRetry)
	b.again = now.Add(backupRetry)
	b.status.Error, b.status.ErrorAt = err.Error(), now
	if today := tasks.DateOf(now); today != b.told {
		b.told = today
		b.report(scheduler.Trouble{Cause: "Không sao lưu được cơ sở dữ liệu, đề nghị quản trị viên xem bằng lệnh dưới đây",
			Command: "nhacviec status", Detail: reason(err)}, now)
	}
}

// reason returns why a file could not be written, without names that differ
// each time.
func reason(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// state returns how the backups do.
func (b *backups) state(c BackupConfig) (web.BackupStatus, error) {
	b.mu.Lock()
	out := b.status
	b.mu.Unlock()
	out.Dir, out.Keep = c.Dir, c.Keep
	var err error
	out.Newest, out.At, err = store.NewestBackup(c.Dir)
	return out, err
}

// backupDay returns the day of the last time at which a backup was due.
func backupDay(now time.Time, at scheduler.TimeOfDay) tasks.Date {
	day := tasks.DateOf(now)
	if scheduler.TimeOfDay(now.Hour()*60+now.Minute()) < at {
		day--
	}
	return day
}
