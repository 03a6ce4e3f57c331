// Package stock runs the stock SignalR clients, unchanged and as their makers
// ship them, against this server: every client over every transport in every
// encoding, each such cell with every case.
//
// matrix.json is the whole plan: clients and how to start them, cases, and the
// exceptions, each with its side and reason. A [Runner] starts one child process
// per cell, behind a doorway of its own whose sockets the child may ask to be
// cut, and reads one JSON line per case:
//
//	{"case":"invoke","ok":true}
//	{"case":"time","error":"what went wrong"}
//	{"case":"reconnect","missing":true}    the client has nothing to try it with
//	{"cut":true,"gap":300}                 cut all sockets of this client, and new ones for 300 ms
//
// What fails must be listed as an exception, and what is listed must fail: else
// [Report.Failures] has it. docs/clients.md is made from the same plan.
package stock
