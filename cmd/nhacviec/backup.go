package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"nhacviec/tasks/store"
	"nhacviec/web"
)

// backedUp is a backup that was made.
type backedUp struct {
	File    string `json:"file"`
	Bytes   int64  `json:"bytes"`
	Entries uint64 `json:"entries"` // of the ledger, each verified
}

func newBackupCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy everything that is stored into a file",
		Long: `Backup writes a copy of the whole database, as it is at one moment, to a new file
that only you can read. While the daemon runs the copy comes through it, and
sending goes on. The copy is opened and its ledger verified before the file gets
its name; a file that is there already is not replaced.

The daemon makes a backup every day by itself; see [backup] in the config. Copy
those, or this one, to another machine.`,
		Example: "  nhacviec backup /mnt/usb/nhacviec-2023-06-30.db",
		Args:    arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.backup(cmd.Context(), args[0]); err != nil {
				return fileError(err, args[0])
			}
			made, err := describe(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.printDone(made, func() error {
				return a.printLine(fmt.Sprintf("%s: %d bytes, the ledger in it is intact: %s", made.File, made.Bytes, entries(made.Entries)))
			})
		},
	}
}

// backup makes a backup through the daemon or, when none answers, of the store
// itself.
func (a *app) backup(ctx context.Context, file string) (err error) {
	path, err := a.configPath()
	if err != nil {
		return err
	}
	client, err := a.dial(ctx, path)
	if err != nil {
		return err
	}
	if client != nil {
		return client.Backup(ctx, func(from io.Reader) error { return store.Receive(file, from, apart{ctx}) })
	}
	config, err := LoadConfig(path)
	if err != nil {
		return err
	}
	if _, err := os.Stat(config.storePath()); errors.Is(err, fs.ErrNotExist) {
		if has, err := store.HasBackups(config.Backup.Dir); err != nil || !has {
			return web.Failure(config.storePath()+": there is nothing to back up yet", "import a plan first: nhacviec import FILE --issued DD/MM/YYYY")
		}
	}
	st, err := store.OpenWith(config.storePath(), store.Options{Backups: config.Backup.Dir, Looker: apart{ctx}})
	if err != nil {
		return err
	}
	return errors.Join(st.Backup(file), st.Close())
}

// describe says what is in a backup.
func describe(ctx context.Context, file string) (backedUp, error) {
	info, err := os.Stat(file)
	if err != nil {
		return backedUp{}, err
	}
	entries, err := apart{ctx}.Inspect(file)
	return backedUp{file, info.Size(), entries}, err
}

// fileError puts what is wrong with a file that the user named into words.
func fileError(err error, file string) error {
	var about *fs.PathError
	if !errors.As(err, &about) || about.Path != file {
		return err
	}
	dir := filepath.Dir(file)
	switch {
	case errors.Is(err, fs.ErrExist):
		return web.Failure(file+" is there already and is not replaced", "name another file, or move it away")
	case errors.Is(err, fs.ErrNotExist):
		return web.Failure(file+": the directory "+dir+" does not exist", "make it, or name another file")
	case errors.Is(err, fs.ErrPermission):
		return web.Failure(file+": you may not write to the directory "+dir, "run the command with sudo, or name a file in a directory of yours")
	}
	return web.Failure(file+": "+about.Err.Error(), "is there room on the disk? Nothing was left behind")
}

// restored is a backup that was put back.
type restored struct {
	Store   string `json:"store"`
	Entries uint64 `json:"entries"` // of the ledger, each verified
	Kept    string `json:"kept"`    // where the database is that was there before; "": there was none
}

func newRestoreCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of the database",
		Long: `Restore checks a backup, verifies the ledger in it, and puts a copy of it in the
place of the database. A backup that is damaged, or was made by a newer nhacviec,
is refused and nothing changes. The database that was there, whole or damaged, is
kept beside it under a name that restore says. The daemon must not run.

What was sent after the backup was made is not known then, and may be sent again:
look at nhacviec outbox and nhacviec forecast before the daemon is started.`,
		Example: `  systemctl stop nhacviec
  nhacviec restore /var/lib/nhacviec/backup/nhacviec-2023-06-30.db
  systemctl start nhacviec`,
		Args: arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := a.restore(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.printDone(done, func() error {
				if done.Kept != "" {
					a.say("the database that was there is kept: %s", done.Kept)
				}
				return a.printLine(fmt.Sprintf("%s is restored, the ledger in it is intact: %s", done.Store, entries(done.Entries)))
			})
		},
	}
}

func (a *app) restore(ctx context.Context, file string) (restored, error) {
	path, err := a.configPath()
	if err != nil {
		return restored{}, err
	}
	client, err := a.dial(ctx, path)
	if err != nil {
		return restored{}, err
	}
	if client != nil {
		return restored{}, web.Failure("the daemon is running: nothing is restored under it", "systemctl stop nhacviec, restore, systemctl start nhacviec")
	}
	config, err := LoadConfig(path)
	if err != nil {
		return restored{}, err
	}
	if err := os.MkdirAll(config.DataDir, 0o700); err != nil {
		return restored{}, fmt.Errorf("make data_dir: %w", err)
	}
	out := restored{Store: config.storePath()}
	if out.Kept, err = store.Restore(file, out.Store, apart{ctx}); err != nil {
		return restored{}, err
	}
	out.Entries, err = apart{ctx}.Inspect(out.Store)
	return out, err
}

func entries(n uint64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
