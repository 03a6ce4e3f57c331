// Package e2e holds the end-to-end tests: the real server, on a free port or
// as a process of its own, with the stock npm client and the project's Go
// client against it. It has no non-test code.
package e2e
