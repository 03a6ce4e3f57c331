package stock

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

//go:embed matrix.json
var plan []byte

// Matrix is the plan: what is run, and what is known not to work.
type Matrix struct {
	Clients    []Client    `json:"clients"`
	Transports []string    `json:"transports"`
	Encodings  []string    `json:"encodings"`
	Cases      []Case      `json:"cases"`
	Exceptions []Exception `json:"exceptions"`
}

// Client is a stock client and the program that drives it.
type Client struct {
	Name    string   `json:"name"`
	About   string   `json:"about"` // the packages and their versions
	Command []string `json:"command"`
	Needs   []string `json:"needs"` // commands and, with a slash, files; without one of them the client is not run
}

// Case is one thing that a client does with the hub of the recordings.
type Case struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

// Side says who does not support a cell or a case.
type Side string

// The sides.
const (
	Protocol Side = "protocol" // SignalR itself has no such thing
	ByClient Side = "client"   // the client cannot, against any server
	ByServer Side = "server"   // this server cannot
	Untested Side = "untested" // nobody knows here: it cannot be run
)

// Exception lists what does not work. A list left out means all; without cases
// whole cells are meant.
type Exception struct {
	Clients    []string `json:"clients,omitempty"`
	Transports []string `json:"transports,omitempty"`
	Encodings  []string `json:"encodings,omitempty"`
	Cases      []string `json:"cases,omitempty"`
	Chance     bool     `json:"chance,omitempty"` // it may work: chance decides, and nothing is said against either
	Side       Side     `json:"side"`
	Reason     string   `json:"reason"`
}

// Cell is a client over a transport in an encoding.
type Cell struct {
	Client    string `json:"client"`
	Transport string `json:"transport"`
	Encoding  string `json:"encoding"`
}

var (
	errUnknownName = errors.New("not in the matrix")
	errNoReason    = errors.New("no side or no reason")
	errUnused      = errors.New("an earlier exception covers all of it")
)

// Load reads the plan that the package carries. An error says which entry is
// wrong.
func Load() (*Matrix, error) { return Parse(plan) }

// Parse reads a plan and checks that its exceptions speak of what it has.
func Parse(data []byte) (*Matrix, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var m Matrix
	if err := decoder.Decode(&m); err != nil {
		return nil, fmt.Errorf("read matrix: %w", err)
	}
	used := m.usedExceptions()
	for i := range m.Exceptions {
		err := m.check(&m.Exceptions[i])
		if err == nil && !used[i] {
			err = errUnused
		}
		if err != nil {
			return nil, fmt.Errorf("exception %d: %w", i+1, err)
		}
	}
	return &m, nil
}

func (m *Matrix) check(e *Exception) error {
	if !slices.Contains([]Side{Protocol, ByClient, ByServer, Untested}, e.Side) || e.Reason == "" {
		return errNoReason
	}
	for _, list := range []struct{ names, known []string }{
		{e.Clients, m.clientNames()}, {e.Transports, m.Transports}, {e.Encodings, m.Encodings}, {e.Cases, m.caseNames()},
	} {
		for _, name := range list.names {
			if !slices.Contains(list.known, name) {
				return fmt.Errorf("%q: %w", name, errUnknownName)
			}
		}
	}
	return nil
}

// usedExceptions says of each exception whether something is excepted by it.
func (m *Matrix) usedExceptions() []bool {
	used := make([]bool, len(m.Exceptions))
	for _, cell := range m.Cells() {
		for _, name := range m.caseNames() {
			if n := m.Exception(cell, name); n > 0 {
				used[n-1] = true
			}
		}
	}
	return used
}

func (m *Matrix) clientNames() []string {
	names := make([]string, len(m.Clients))
	for i, c := range m.Clients {
		names[i] = c.Name
	}
	return names
}

func (m *Matrix) caseNames() []string {
	names := make([]string, len(m.Cases))
	for i, c := range m.Cases {
		names[i] = c.Name
	}
	return names
}

// Cells returns all cells, by client, transport and encoding.
func (m *Matrix) Cells() []Cell {
	var cells []Cell
	for _, c := range m.Clients {
		cells = append(cells, m.cellsOf(c.Name)...)
	}
	return cells
}

func (m *Matrix) cellsOf(client string) []Cell {
	var cells []Cell
	for _, transport := range m.Transports {
		for _, encoding := range m.Encodings {
			cells = append(cells, Cell{client, transport, encoding})
		}
	}
	return cells
}

// Exception returns the number, from 1, of the exception that holds for a case
// in a cell: the first one listed for the whole cell, else the first for the
// case; 0 if it has to work.
func (m *Matrix) Exception(cell Cell, name string) int {
	if n := m.Closed(cell); n > 0 {
		return n
	}
	for i, e := range m.Exceptions {
		if e.covers(cell) && slices.Contains(e.Cases, name) {
			return i + 1
		}
	}
	return 0
}

// Closed returns the number of the exception for the whole cell, or 0.
func (m *Matrix) Closed(cell Cell) int {
	for i, e := range m.Exceptions {
		if e.covers(cell) && len(e.Cases) == 0 {
			return i + 1
		}
	}
	return 0
}

func (e *Exception) covers(cell Cell) bool {
	has := func(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }
	return has(e.Clients, cell.Client) && has(e.Transports, cell.Transport) && has(e.Encodings, cell.Encoding)
}
