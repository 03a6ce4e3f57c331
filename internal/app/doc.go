// Package app is the configuration and the composition of a Fanfare server:
// it alone knows the other packages, makes one of each, connects them, and
// starts and stops them in order.
//
// An App is made by [New], which touches nothing outside the process, and run
// by Start and Stop. Start returns when the server answers requests. Stop
// ends what Start began, last first, each step bounded by the context, and
// returns when nothing of it is left: no goroutine, no socket, no lock. What
// was accepted before (a 201, a receipt) is on the disk by then and goes on
// at the next start.
package app
