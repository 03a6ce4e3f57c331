package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDataDirIsMadeAndOpenedAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "data")
	for range 2 {
		dir, err := openDataDir(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := dir.close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDataDirAfterACrashAtItsMaking: the format file was not yet in place.
func TestDataDirAfterACrashAtItsMaking(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	write(t, filepath.Join(path, lockFile), "1\n")
	write(t, filepath.Join(path, formatFile+".new"), `{"for`)
	dir, err := openDataDir(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.close(); err != nil {
		t.Fatal(err)
	}
}

// TestDataDirRefuses: each refusal says what to do.
func TestDataDirRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		prepare func(t *testing.T, path string) string
		want    []string
	}{
		"a second server": {func(t *testing.T, path string) string {
			t.Helper()
			dir, err := openDataDir(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { dir.close() })
			return path
		}, []string{"in use by another Fanfare server (process ", "stop that one", "--data-dir"}},
		"others' files": {func(t *testing.T, path string) string {
			t.Helper()
			write(t, filepath.Join(path, "thesis.tex"), "x")
			return path
		}, []string{"not Fanfare's", "thesis.tex", "--data-dir"}},
		"a later format": {func(t *testing.T, path string) string {
			t.Helper()
			write(t, filepath.Join(path, formatFile), `{"format":2}`)
			return path
		}, []string{"format 2", "reads format 1", "--data-dir"}},
		"a damaged format file": {func(t *testing.T, path string) string {
			t.Helper()
			write(t, filepath.Join(path, formatFile), `{`)
			return path
		}, []string{"damaged", "--data-dir"}},
		"a file in the way": {func(t *testing.T, path string) string {
			t.Helper()
			write(t, filepath.Join(path, "file"), "x")
			return filepath.Join(path, "file")
		}, []string{"cannot be used", "--data-dir"}},
		"nowhere to write": {func(t *testing.T, path string) string {
			t.Helper()
			if os.Getuid() == 0 {
				return "/proc/fanfare" // root may write everywhere but there
			}
			if err := os.Chmod(path, 0o500); err != nil {
				t.Fatal(err)
			}
			return path
		}, []string{"cannot be used", "--data-dir"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := test.prepare(t, t.TempDir())
			dir, err := openDataDir(path)
			if err == nil {
				dir.close()
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}
