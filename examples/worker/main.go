// Command worker is a service to be copied: it does a piece of work, here the
// check sum of a file, and tells a hub how far it has come. Whoever follows the
// document sees started, 20 % to 100 %, and completed or failed; Ctrl-C is
// failed with the code cancelled.
//
//	FANFARE_URL=http://127.0.0.1:8080 go run ./examples/worker -pause 1s README.md
package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/publisher"
)

func main() {
	pause := flag.Duration("pause", 0, "wait this long after each fifth, to be watched")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, flag.Arg(0), *pause, os.Getenv, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// run does the work on one file, and reports it.
func run(ctx context.Context, path string, pause time.Duration, getenv func(string) string, out io.Writer) error {
	hub, err := publisher.New(publisher.Options{
		URL:     cmp.Or(getenv("FANFARE_URL"), "http://127.0.0.1:8080"),
		Token:   getenv("FANFARE_TOKEN"),
		Service: "example-worker",
	})
	if err != nil {
		return err
	}
	id := fanfare.NewID()
	document, err := hub.Document(id)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, fanfare.DocumentTopic(id))
	if err := document.Started(ctx); err != nil {
		return err
	}
	sum, err := checksum(ctx, path, pause, func(percentage int) error { return document.Processing(ctx, percentage, "") })
	if err != nil {
		return errors.Join(err, fail(ctx, document, err))
	}
	fmt.Fprintln(out, sum)
	return document.Completed(ctx)
}

// fail tells why the work has ended, also when it was called off.
func fail(ctx context.Context, document *publisher.Document, reason error) error {
	code := "internal"
	if ctx.Err() != nil {
		code = "cancelled"
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return document.Failed(ctx, code, reason.Error())
}

// checksum is the work: put your own here.
func checksum(ctx context.Context, path string, pause time.Duration, report func(percentage int) error) (string, error) {
	file, err := os.Open(path) //nolint:gosec // the user names it
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for percentage := 20; percentage <= 100; percentage += 20 {
		if _, err := io.CopyN(hash, file, info.Size()/5+1); err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if err := report(percentage); err != nil {
			return "", err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
