// Package conformance knows the behaviours that a SignalR server owes its
// clients, by id (NEG-03, LP-07), and which test shows each of them.
//
// items.json lists the ids with their levels. [Scan] finds the ids that tests
// name, [Check] says what is wrong with the whole: a MUST or an ERR that has
// neither a test nor a reason, a reason that is no longer one, an id that does
// not exist. [Write] makes docs/conformance.md of it:
//
//	make conformance-report
//
// An id counts where it stands in the name of a test, in the comment right
// above one, or inside one: in a row of its table, the name of a subtest, a
// comment on a line. Rows in a function that the test calls count for that
// test. What stands in the comment of a file, of another function or of a
// benchmark does not, nor does a test that skips itself unconditionally.
package conformance
