package main

import (
	"net/url"
	"path/filepath"

	"nhacviec/notify"
	"nhacviec/scheduler"
)

// BackupConfig says how the daemon keeps backups of the store.
type BackupConfig struct {
	Keep int // how many days' backups; 0: it makes none
	At   scheduler.TimeOfDay
	Dir  string // absolute
}

// What holds when the config does not say.
const (
	defaultKeep      = 7
	defaultBackupAt  = scheduler.TimeOfDay(2 * 60)
	defaultBackupDir = "backup" // in data_dir
)

// backup checks the [backup] table.
func (c *checker) backup(t backupTable, dataDir string) BackupConfig {
	config := BackupConfig{
		Keep: c.between("backup.keep", t.Keep, 0, 366, defaultKeep),
		At:   defaultBackupAt,
		Dir:  filepath.Join(dataDir, defaultBackupDir),
	}
	if c.given("backup.at") {
		config.At = c.timeOfDay("backup.at", t.At)
	}
	if c.given("backup.dir") && c.required("backup.dir", t.Dir) {
		config.Dir = c.within(t.Dir, "")
	}
	return config
}

// watch checks the [watch] table. Whoever knows such a URL can say that all is
// well, so it is a secret.
func (c *checker) watch(t *watchTable) notify.Secret {
	const path = "watch.url_file"
	if t == nil || c.refused["watch"] {
		return notify.Secret{}
	}
	secret := c.secret(path, t.URLFile)
	if !c.sound("watch") {
		return notify.Secret{}
	}
	u, err := url.Parse(secret.Reveal())
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		c.refuse(path, `the file must hold the address that is to be called, starting with "https://"`)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		c.refuse(path, `the address in the file must start with "https://": it would travel in the clear`)
	}
	return secret
}
