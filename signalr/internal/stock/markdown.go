package stock

import (
	"fmt"
	"slices"
	"strings"
)

// head begins docs/clients.md.
const head = `# Stock clients

Which clients work with this server, unchanged, over which transport, in which encoding, with which features. The page
is made from ` + "`signalr/internal/stock/matrix.json`" + ` by ` + "`go run ./signalr/internal/stockmatrix -docs`" + `, and
` + "`make conformance`" + ` holds every word of it against the clients themselves: what is said to work is run, and what is
said not to work is tried and must fail. A number in brackets is that of a note below.

`

// Markdown is docs/clients.md: what the plan says, whatever a run would.
func (m *Matrix) Markdown() string {
	var text strings.Builder
	text.WriteString(head)
	for _, c := range m.Clients {
		fmt.Fprintf(&text, "- **%s**: %s\n", c.Name, c.About)
	}
	m.writeCells(&text)
	m.writeCases(&text)
	text.WriteString("\n## Notes\n\n")
	for i, e := range m.Exceptions {
		fmt.Fprintf(&text, "%d. %s%s.\n", i+1, e.Side.prefix(), e.Reason)
	}
	return text.String()
}

// prefix begins a note where the reason does not say whose the lack is.
func (s Side) prefix() string {
	switch s {
	case ByServer:
		return "This server: "
	case Untested:
		return "Untested: "
	case Protocol, ByClient:
	}
	return ""
}

func (m *Matrix) writeCells(text *strings.Builder) {
	text.WriteString("\n## Transports and encodings\n\n| client |")
	columns := m.cellsOf("")
	for _, cell := range columns {
		fmt.Fprintf(text, " %s, %s |", cell.Transport, cell.Encoding)
	}
	text.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, client := range m.clientNames() {
		fmt.Fprintf(text, "| %s |", client)
		for _, cell := range m.cellsOf(client) {
			fmt.Fprintf(text, " %s |", m.cellMark(cell))
		}
		text.WriteString("\n")
	}
}

func (m *Matrix) cellMark(cell Cell) string {
	n := m.Closed(cell)
	switch {
	case n == 0:
		return "yes"
	case m.Exceptions[n-1].Side == Untested:
		return fmt.Sprintf("untested (%d)", n)
	default:
		return fmt.Sprintf("no (%d)", n)
	}
}

func (m *Matrix) writeCases(text *strings.Builder) {
	fmt.Fprintf(text, "\n## Features\n\nWhere a transport is named, it works over that one only.\n\n| feature | what is tried | %s |\n", strings.Join(m.clientNames(), " | "))
	text.WriteString("|---|---|" + strings.Repeat("---|", len(m.Clients)) + "\n")
	for _, c := range m.Cases {
		fmt.Fprintf(text, "| %s | %s |", c.Name, c.About)
		for _, client := range m.clientNames() {
			fmt.Fprintf(text, " %s |", m.caseMark(client, c.Name))
		}
		text.WriteString("\n")
	}
}

// caseMark says over which transports a case works with a client, and by which
// exceptions not over the others. Closed cells are passed over.
func (m *Matrix) caseMark(client, name string) string {
	var works, fails, notes []string
	for _, cell := range m.cellsOf(client) {
		if m.Closed(cell) > 0 {
			continue
		}
		n := m.Exception(cell, name)
		if n == 0 {
			works = add(works, cell.Transport)
			continue
		}
		fails = add(fails, cell.Transport)
		notes = add(notes, fmt.Sprintf("(%d)", n))
	}
	works = slices.DeleteFunc(works, func(transport string) bool { return slices.Contains(fails, transport) })
	switch {
	case len(fails) == 0:
		return "yes"
	case len(works) == 0:
		return "no " + strings.Join(notes, " ")
	default:
		return strings.Join(works, ", ") + " " + strings.Join(notes, " ")
	}
}

// add appends what is not there yet.
func add(list []string, item string) []string {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}
