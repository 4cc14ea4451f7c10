package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// mayFill returns why this user may not make files in a directory that is
// there; one that is not yet, the start makes.
func mayFill(dir string) error {
	const writeAndEnter = 2 | 1
	err := syscall.Access(dir, writeAndEnter)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &fs.PathError{Op: "write to", Path: dir, Err: err}
}

// permissionHint says what lets the user with a number do what err refused him.
func permissionHint(err error, uid int) string {
	const anybody = "run the command as the user nhacviec, or with sudo"
	var about *fs.PathError
	if !errors.As(err, &about) {
		return anybody
	}
	path, info := nearest(about.Path)
	if info == nil {
		return anybody
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return anybody
	case int(owner.Uid) == uid:
		return fmt.Sprintf("%s is yours, but its mode is %#o: chmod u+rwX %s", path, info.Mode().Perm(), path)
	}
	return fmt.Sprintf("%s belongs to %s: run the command with sudo -u %s, or have %s let in there, whom you are now",
		path, userName(int(owner.Uid)), userName(int(owner.Uid)), userName(uid))
}

// nearest returns the file, or the first directory above it that this user can
// see.
func nearest(path string) (string, fs.FileInfo) {
	for {
		if info, err := os.Stat(path); err == nil {
			return path, info
		}
		above := filepath.Dir(path)
		if above == path {
			return path, nil
		}
		path = above
	}
}

func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return "#" + strconv.Itoa(uid)
}
