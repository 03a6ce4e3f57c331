// Package console serves the web console: one page, embedded in the binary,
// that uploads documents and shows live what becomes of them.
//
// The page is an ordinary client of the HTTP API and of the hub, with the
// stock SignalR client; it has no access of its own. Its addresses are
// relative, so it also works behind a proxy that adds a prefix to the path.
//
// What it shows comes from strangers (file names, messages of services). It is
// put into the page as text only; the content security policy forbids inline
// scripts and styles and, by trusted types, any markup made from a string.
//
// The handler holds no state and starts nothing. Files are served from memory
// with an ETag, and revalidated by browsers at every visit.
package console
