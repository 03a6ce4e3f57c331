// Package arch holds the tests that keep the package graph, the owners of
// third-party modules and the size of files and functions as DESIGN.md draws
// them. It has no code of its own: who wants another arrow edits the table in
// layers_test.go, and DESIGN.md with it.
package arch
