package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fanfare-hub/fanfare/internal/app"
	"github.com/fanfare-hub/fanfare/internal/sample"
)

// grace is how long a callback may lag behind the record before it counts as
// missed: far beyond any delivery on one machine.
const grace = 10 * time.Second

// demoStop is how long the demo's server may take to stop: an interrupt is to
// be obeyed within a second.
const demoStop = 800 * time.Millisecond

// upload is a document to be shown: its name and where its bytes are.
type upload struct {
	name string
	path string // "" for a sample
	data []byte // of a sample
}

func demoCommand() *cobra.Command {
	var lines, keep bool
	command := &cobra.Command{
		Use:   "demo [FILE...]",
		Short: "Start a server, upload documents, watch them being processed",
		Long: `Start a whole server on a free loopback port with a temporary data directory,
upload the files (without any: samples that come with the program), follow each
document through a SignalR connection, and show what arrives: bars on a
terminal, otherwise one JSON line per callback.

Exit status: 0 when every document has reached completed or failed and nothing
was missed, 1 when something was missed, 2 on wrong arguments, 130 when it was
interrupted before.`,
		Example: `  fanfare demo
  fanfare demo report.pdf notes.txt
  fanfare demo --json | head
  fanfare demo --keep              # leave the server running`,
		RunE: func(command *cobra.Command, args []string) error {
			uploads, err := demoUploads(args)
			if err != nil {
				return err
			}
			return demo(command, uploads, lines, keep)
		},
	}
	command.Flags().BoolVar(&lines, "json", false, "one JSON line per callback, also on a terminal")
	command.Flags().BoolVar(&keep, "keep", false, "leave the server running, and print its address")
	return command
}

// demoUploads are the named files, or the samples.
func demoUploads(paths []string) ([]upload, error) {
	if len(paths) == 0 {
		return sampleUploads()
	}
	uploads := make([]upload, 0, len(paths))
	for _, path := range paths {
		if err := checkFile(path); err != nil {
			return nil, usage(err)
		}
		uploads = append(uploads, upload{name: filepath.Base(path), path: path})
	}
	return uploads, nil
}

// checkFile refuses, before anything is started, what could not be uploaded.
func checkFile(path string) error {
	if path == "" {
		return errors.New("a file name is empty")
	}
	file, err := os.Open(path) //nolint:gosec // the user names it
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a file", path)
	case info.Size() == 0:
		return fmt.Errorf("%s is empty", path)
	}
	return nil
}

func sampleUploads() ([]upload, error) {
	samples, err := sample.All()
	if err != nil {
		return nil, failed(err)
	}
	uploads := make([]upload, 0, len(samples))
	for _, s := range samples {
		uploads = append(uploads, upload{name: s.Name, data: s.Data})
	}
	return uploads, nil
}

// demo runs the server around the show.
func demo(command *cobra.Command, uploads []upload, lines, keep bool) (err error) {
	ctx := command.Context()
	dir, err := os.MkdirTemp("", "fanfare-demo-")
	if err != nil {
		return failed(err)
	}
	defer func() { err = orElse(err, os.RemoveAll(dir)) }()
	server, err := demoServer(ctx, dir)
	if err != nil {
		return interrupted(ctx, err)
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), demoStop)
		defer cancel()
		err = orElse(err, server.Stop(stopping))
	}()
	show := newView(command.OutOrStdout(), command.ErrOrStderr(), server.URL(), lines)
	err = watch(ctx, server, uploads, show)
	if errors.Is(err, syscall.EPIPE) {
		return &exitError{exitFailed, nil}
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	if keep {
		fmt.Fprintf(command.ErrOrStderr(), "The server keeps running on %s; end it with Ctrl-C.\n", server.URL())
		select {
		case <-ctx.Done():
		case err := <-server.Failed():
			return failed(err)
		}
	}
	return nil
}

// demoServer is a server that ignores what the environment says: loopback, a
// free port, its own data.
func demoServer(ctx context.Context, dir string) (*app.App, error) {
	config, err := withWorker(app.DefaultConfig())
	if err != nil {
		return nil, err
	}
	config.Listen = "127.0.0.1:0"
	config.DataDir = dir
	server := app.New(config, slog.New(slog.DiscardHandler))
	if err := server.Start(ctx); err != nil {
		return nil, err
	}
	return server, nil
}

// interrupted says that the user ended the demo, if that is why it ended.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, errors.New("interrupted before all documents were done")}
	}
	return failed(err)
}

// orElse is the first error, so that cleaning up never hides it.
func orElse(err, later error) error {
	if err == nil && later != nil {
		return failed(later)
	}
	return err
}
