package stock_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain lets the test binary play the client that the tests run: with "play"
// and a scenario before what a client's program is given.
func TestMain(m *testing.M) {
	if len(os.Args) > 5 && os.Args[1] == "play" {
		os.Exit(play(os.Args[2], os.Args[3], os.Args[6:]))
	}
	goleak.VerifyTestMain(m)
}

func play(scenario, url string, names []string) int {
	for _, name := range names {
		switch {
		case scenario == "crash" && name == "b":
			return 3
		case scenario == "babble" && name == "b":
			fmt.Println("what is this?")
		case scenario == "cut" && name == "b":
			fmt.Println(cutAndComeBack(strings.TrimPrefix(url, "http://")))
		case strings.HasPrefix(name, "bad"):
			fmt.Printf("{%q:%q,%q:%q}\n", "case", name, "error", "went wrong")
		case strings.HasPrefix(name, "missing"):
			fmt.Printf("{%q:%q,%q:true}\n", "case", name, "missing")
		default:
			fmt.Printf("{%q:%q,%q:true}\n", "case", name, "ok")
		}
	}
	return 0
}

// cutAndComeBack sees its connection cut, and can connect again.
func cutAndComeBack(address string) string {
	first, err := net.Dial("tcp", address)
	if err != nil {
		return `{"case":"b","error":"dial"}`
	}
	if read(first) != nil {
		return `{"case":"b","error":"the server did not greet"}`
	}
	fmt.Println(`{"cut":true}`)
	if err := read(first); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		return `{"case":"b","error":"the connection was not cut"}`
	}
	second, err := net.Dial("tcp", address)
	if err != nil || read(second) != nil {
		return `{"case":"b","error":"no way back"}`
	}
	return `{"case":"b","ok":true}`
}

// read waits for a byte of the server; the deadline ends a failed test only.
func read(conn net.Conn) error {
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return err
	}
	_, err := conn.Read(make([]byte, 1))
	return err
}
