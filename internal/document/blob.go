package document

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// blobStore keeps the uploaded bytes on local disk, by content:
// blobs/ab/cd/abcd…, named by the SHA-256 in hex. What is being written is in
// uploads/ until it is whole.
type blobStore struct {
	blobs   string
	uploads string
}

// blob is what a finished put tells.
type blob struct {
	sha256 string // lower-case hex
	size   int64
}

// openBlobs makes the directories and removes what a crash left half written.
// The caller holds the lock of the data directory.
func openBlobs(dir string) (*blobStore, error) {
	s := &blobStore{blobs: filepath.Join(dir, "blobs"), uploads: filepath.Join(dir, "uploads")}
	if err := os.RemoveAll(s.uploads); err != nil {
		return nil, fmt.Errorf("remove unfinished uploads: %w", err)
	}
	for _, path := range []string{s.blobs, s.uploads} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			return nil, fmt.Errorf("open blob store: %w", err)
		}
	}
	return s, nil
}

// put copies body to the store until its end. When it returns without error,
// the blob survives a power cut. It stores nothing when reading fails, or when
// accept refuses the size.
func (s *blobStore) put(body io.Reader, accept func(size int64) error) (_ blob, err error) {
	f, err := os.CreateTemp(s.uploads, "upload-*")
	if err != nil {
		return blob{}, fmt.Errorf("create upload: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, discard(f))
		}
	}()
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(f, sum), body)
	if err != nil {
		return blob{}, fmt.Errorf("copy upload: %w", err)
	}
	if err := accept(size); err != nil {
		return blob{}, err
	}
	if err := f.Sync(); err != nil {
		return blob{}, fmt.Errorf("sync upload: %w", err)
	}
	b := blob{sha256: hex.EncodeToString(sum.Sum(nil)), size: size}
	return b, s.publish(f, b.sha256)
}

// publish gives a finished upload its place. It replaces an equal blob rather
// than keep it: that one's directory may not be on disk yet.
func (s *blobStore) publish(f *os.File, sum string) error {
	if err := f.Close(); err != nil {
		return fmt.Errorf("close upload: %w", err)
	}
	path := s.path(sum)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create blob directory: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("place blob: %w", err)
	}
	for _, d := range []string{dir, filepath.Dir(dir), s.blobs} {
		if err := syncDir(d); err != nil {
			return fmt.Errorf("sync blob directory: %w", err)
		}
	}
	return nil
}

// path is where the blob of that sum is.
func (s *blobStore) path(sum string) string {
	return filepath.Join(s.blobs, sum[:2], sum[2:4], sum)
}

// discard removes an upload that came to nothing. It may have been closed or
// moved already.
func discard(f *os.File) error {
	closed := f.Close()
	if errors.Is(closed, os.ErrClosed) {
		closed = nil
	}
	removed := os.Remove(f.Name())
	if errors.Is(removed, fs.ErrNotExist) {
		removed = nil
	}
	return errors.Join(closed, removed)
}

// syncDir makes the entries of a directory durable.
func syncDir(path string) error {
	d, err := os.Open(path) //nolint:gosec // a directory of the store, named by a hash
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
