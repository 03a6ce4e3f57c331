// Package golden replays recorded exchanges with a real ASP.NET Core SignalR
// server (10.0.12) and holds the hub that they were recorded with.
//
// A [Scenario] is what a client did and what came back, step by step. A
// [Player] does the same again over real sockets and compares: statuses,
// headers but for Content-Length, JSON as values, MessagePack as what it means,
// other bodies byte by byte.
// Where an error text ends in the words of .NET's own decoders, only what
// stands before them counts. What the server made up (ids, tokens) has a name
// in the recordings, such as {a.token}.
//
// The other way round, a [Script] is a scenario as what both sides say, whatever
// transport carries it, and a [Counterpart] plays the server's side of it to a
// client.
//
// The recordings in testdata/exchanges are verbatim; where they and anything
// else disagree, they are right.
package golden
