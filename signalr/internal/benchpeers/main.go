// Command benchpeers reads what a series of measurements has given, one JSON
// object a line, and compares each server with the one called raw:
//
//	go run ./signalr/internal/benchpeers [-json] build/peers.jsonl
//
// Every figure is the median of a test's runs. What a figure should be, if
// anything, stands beside it. The exit status does not depend on it: the
// figures of a busy machine are for people to judge.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchpeers:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("benchpeers", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "write rows as JSON instead of a table")
	idle := flags.Float64("idle", idleBound, "what an idle connection may take, `KiB`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("no file of measurements")
	}
	s := series{}
	for _, name := range flags.Args() {
		if err := s.readFile(name); err != nil {
			return err
		}
	}
	rows := s.rows(*idle)
	if *asJSON {
		return json.NewEncoder(out).Encode(rows)
	}
	return writeTable(out, rows)
}

func (s *series) readFile(name string) error {
	file, err := os.Open(name) //nolint:gosec // the user names the file
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		if err := s.add(lines.Bytes()); err != nil {
			return fmt.Errorf("%s:%d: %w", name, number, err)
		}
	}
	return lines.Err()
}
