package main

import (
	"cmp"
	"os"

	"github.com/spf13/cobra"
)

// defaultServer is where a server listens that was told nothing else.
const defaultServer = "http://127.0.0.1:8080"

// remote is the server that a client command talks to.
type remote struct {
	server string
	token  string
}

// addRemote gives a client command the flags that name its server.
func addRemote(command *cobra.Command, r *remote) {
	command.Flags().StringVar(&r.server, "server", "", "address of the server (default "+defaultServer+") [FANFARE_URL]")
	command.Flags().StringVar(&r.token, "token", "", "bearer token [FANFARE_TOKEN]")
}

// fill takes from the environment what no flag has given.
func (r *remote) fill() {
	r.server = cmp.Or(r.server, os.Getenv("FANFARE_URL"), defaultServer)
	r.token = cmp.Or(r.token, os.Getenv("FANFARE_TOKEN"))
}
