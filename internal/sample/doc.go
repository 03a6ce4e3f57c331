// Package sample makes the documents of the demo: a report of sixty pages,
// minutes of two megabytes, a customer list full of findings, and a broken PDF.
//
// Every call gives the same bytes, written by code from a fixed seed; nothing is
// read from disk or network, and nothing is kept. Nobody in the documents
// exists: people are roles and numbers, addresses are at example.com, card
// numbers begin as payment providers' test cards do, and social security numbers
// are of areas that were not given out before 2011.
//
// It imports the standard library only.
package sample
