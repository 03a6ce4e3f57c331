// Command stockmatrix runs the stock clients against this server, prints the
// matrix, and fails if something fails that is not listed, or works that is:
//
//	go run ./signalr/internal/stockmatrix -clients js10,js8
//
// It is run in the module's directory, after make has installed the clients.
// With -server it asks another server that has the hub of the recordings, which
// tells whose mistake a failure is; with -docs it only prints docs/clients.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/stock"
)

// grace is how long the server may take to end.
const grace = 10 * time.Second

// clientsFolder is where the clients' programs are, from the module's directory.
const clientsFolder = "signalr/internal/stock/clients"

type options struct {
	clients  string
	server   string
	parallel int
	all      bool
	json     bool
	docs     bool
}

var (
	errFailed = errors.New("the matrix is not as listed")
	errNotRun = errors.New("not every client could be run")
)

func main() {
	var o options
	flag.StringVar(&o.clients, "clients", "", "run only these clients (`names`, separated by commas)")
	flag.StringVar(&o.server, "server", "", "ask the server at this `host:port` instead of this one")
	flag.IntVar(&o.parallel, "parallel", 3, "cells at a time")
	flag.BoolVar(&o.all, "all", false, "fail if a client cannot be run")
	flag.BoolVar(&o.json, "json", false, "print the outcomes as JSON")
	flag.BoolVar(&o.docs, "docs", false, "print docs/clients.md and run nothing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, &o); err != nil {
		fmt.Fprintln(os.Stderr, "stockmatrix:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, o *options) error {
	matrix, err := stock.Load()
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	if o.docs {
		_, err := io.WriteString(out, matrix.Markdown())
		return err
	}
	runner := &stock.Runner{Matrix: matrix, Server: o.server, Root: ".", Parallel: o.parallel, Log: os.Stderr}
	if o.server == "" {
		server, err := stock.StartServer(ctx, clientsFolder)
		if err != nil {
			return fmt.Errorf("start server: %w", err)
		}
		defer stopServer(ctx, server)
		runner.Server = server.Addr()
	}
	report, err := runner.Run(ctx, chosen(o.clients))
	if err != nil {
		return err
	}
	return judge(out, o, report)
}

// judge prints the report; its error is the program's.
func judge(out io.Writer, o *options, report *stock.Report) error {
	write := report.WriteText
	if o.json {
		write = report.WriteJSON
	}
	if err := write(out); err != nil {
		return err
	}
	if n := len(report.Failures()); n > 0 {
		return fmt.Errorf("%w: %d failures", errFailed, n)
	}
	if o.all && len(report.NotRun()) > 0 {
		return errNotRun
	}
	return nil
}

// chosen wants the cells of the clients named, or all.
func chosen(names string) func(stock.Cell) bool {
	if names == "" {
		return nil
	}
	wanted := strings.Split(names, ",")
	return func(cell stock.Cell) bool { return slices.Contains(wanted, cell.Client) }
}

func stopServer(ctx context.Context, server *stock.Server) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Stop(last); err != nil {
		fmt.Fprintln(os.Stderr, "stockmatrix: stop server:", err)
	}
}
