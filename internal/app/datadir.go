package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"
)

// The data directory's own files. The format is raised when a server of
// before could not read what this one writes.
const (
	formatFile = "fanfare.json"
	lockFile   = "lock"
	format     = 1
)

// dataDir is an opened data directory: of this format, writable, and locked
// for this process until close.
type dataDir struct {
	path string
	lock *flock.Flock
}

type formatDocument struct {
	Format int `json:"format"`
}

// openDataDir makes the directory if need be and takes it for this process.
// Its errors say what to do.
func openDataDir(path string) (*dataDir, error) {
	if path == "" {
		return nil, errors.New("the data directory has no name; give one with --data-dir")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, unusable(path, err)
	}
	if err := checkOwn(path); err != nil {
		return nil, err
	}
	lock, err := takeLock(path)
	if err != nil {
		return nil, err
	}
	dir := &dataDir{path: path, lock: lock}
	if err := dir.checkFormat(); err != nil {
		return nil, errors.Join(err, dir.close())
	}
	return dir, nil
}

func unusable(path string, err error) error {
	return fmt.Errorf("data directory %s cannot be used: %w; choose one that this user may write to, with --data-dir", path, err)
}

// checkOwn refuses a directory that holds others' files.
func checkOwn(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return unusable(path, err)
	}
	foreign := ""
	for _, entry := range entries {
		switch entry.Name() {
		case formatFile:
			return nil
		case lockFile, formatFile + ".new", "lost+found": // the last is a new file system's own
		default:
			foreign = entry.Name()
		}
	}
	if foreign != "" {
		return fmt.Errorf("data directory %s is not Fanfare's: it holds %q but no %s; choose an empty or a new one with --data-dir", path, foreign, formatFile)
	}
	return nil
}

func takeLock(path string) (*flock.Flock, error) {
	name := filepath.Join(path, lockFile)
	lock := flock.New(name, flock.SetPermissions(0o600))
	taken, err := lock.TryLock()
	if err != nil {
		return nil, unusable(path, err)
	}
	if !taken {
		return nil, fmt.Errorf("data directory %s is in use by another Fanfare server%s; stop that one, or choose another directory with --data-dir", path, lockHolder(name))
	}
	if err := os.WriteFile(name, []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return nil, errors.Join(unusable(path, err), lock.Unlock())
	}
	return lock, nil
}

func lockHolder(name string) string {
	data, err := os.ReadFile(name) //nolint:gosec // the operator names the data directory
	if pid := strings.TrimSpace(string(data)); err == nil && pid != "" {
		return " (process " + pid + ")"
	}
	return ""
}

// checkFormat reads the format file, or writes it into a new directory.
func (d *dataDir) checkFormat() error {
	name := filepath.Join(d.path, formatFile)
	data, err := os.ReadFile(name) //nolint:gosec // the operator names the data directory
	if errors.Is(err, fs.ErrNotExist) {
		return d.writeFormat(name)
	}
	if err != nil {
		return unusable(d.path, err)
	}
	var document formatDocument
	if err := json.Unmarshal(data, &document); err != nil || document.Format < 1 {
		return fmt.Errorf("data directory %s: %s is damaged; restore it, or choose another directory with --data-dir", d.path, formatFile)
	}
	if document.Format != format {
		return fmt.Errorf("data directory %s has format %d, this server reads format %d; use the version that wrote it, or choose another directory with --data-dir", d.path, document.Format, format)
	}
	return nil
}

// writeFormat puts the file in place as a whole: a crash or a power cut leaves
// none or all.
func (d *dataDir) writeFormat(name string) error {
	data, err := json.Marshal(formatDocument{Format: format})
	if err != nil {
		return fmt.Errorf("encode %s: %w", formatFile, err)
	}
	if err := writeSynced(name+".new", append(data, '\n')); err != nil {
		return unusable(d.path, err)
	}
	if err := os.Rename(name+".new", name); err != nil {
		return unusable(d.path, err)
	}
	return d.sync()
}

// writeSynced writes a file that is on the disk when it returns.
func writeSynced(name string, data []byte) error {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the operator names the data directory
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

// sync makes the names of new files last. Not every system can sync a
// directory; those that cannot do without.
func (d *dataDir) sync() error {
	dir, err := os.Open(d.path)
	if err != nil {
		return unusable(d.path, err)
	}
	_ = dir.Sync()
	return dir.Close()
}

// sub is the path of a part's own directory.
func (d *dataDir) sub(name string) string { return filepath.Join(d.path, name) }

// close gives the directory back.
func (d *dataDir) close() error {
	if err := d.lock.Unlock(); err != nil {
		return fmt.Errorf("unlock data directory: %w", err)
	}
	return nil
}
