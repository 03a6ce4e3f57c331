package stock_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/internal/stock"
)

// greeter greets every connection with one byte and leaves it open.
func greeter(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var conns []net.Conn
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			conn.Write([]byte("!"))
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
		for _, conn := range conns {
			conn.Close()
		}
	})
	return listener.Addr().String()
}

// run runs one client that plays a scenario with the cases.
func run(t *testing.T, scenario, cases, exceptions, needs string) *stock.Report {
	t.Helper()
	command, err := json.Marshal([]string{os.Args[0], "play", scenario})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for name := range strings.FieldsSeq(cases) {
		list = append(list, fmt.Sprintf(`{"name":%q}`, name))
	}
	matrix, err := stock.Parse(fmt.Appendf(nil, `{"clients":[{"name":"player","command":%s,"needs":[%s]}],
		"transports":["T"],"encodings":["E"],"cases":[%s],"exceptions":[%s]}`, command, needs, strings.Join(list, ","), exceptions))
	if err != nil {
		t.Fatal(err)
	}
	runner := &stock.Runner{Matrix: matrix, Server: greeter(t), Root: ".", Parallel: 1, Log: t.Output()}
	report, err := runner.Run(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// verdicts is "case verdict" for each case, and the details.
func verdicts(report *stock.Report) (verdicts, details string) {
	var all, said []string
	for _, o := range report.Outcomes {
		all = append(all, o.Case+" "+string(o.Verdict))
		said = append(said, o.Detail)
	}
	return strings.Join(all, ", "), strings.Join(said, "\n")
}

// TestVerdicts runs children that report in every way there is.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	const listed = `"side":"client","reason":"the client has a defect"`
	for name, test := range map[string]struct {
		scenario, cases, exceptions, needs string
		want, detail                       string
	}{
		"all work":          {cases: "a b", want: "a passed, b passed"},
		"not listed":        {cases: "a bad", want: "a passed, bad failed", detail: "went wrong"},
		"listed":            {cases: "a bad", exceptions: `{"cases":["bad"],` + listed + `}`, want: "a passed, bad listed"},
		"listed, but works": {cases: "a b", exceptions: `{"cases":["b"],` + listed + `}`, want: "a passed, b unlisted", detail: "the client has a defect"},
		"by chance":         {cases: "a bad", exceptions: `{"cases":["a","bad"],"chance":true,` + listed + `}`, want: "a listed, bad listed"},
		"cannot be tried":   {cases: "a missing", want: "a passed, missing failed", detail: "cannot try it"},
		"listed, untried":   {cases: "a missing", exceptions: `{"cases":["missing"],` + listed + `}`, want: "a passed, missing listed"},
		"closed":            {cases: "bad b", exceptions: `{` + listed + `}`, want: "bad listed, b listed"},
		"closed, but works": {cases: "a bad", exceptions: `{` + listed + `}`, want: "a unlisted, bad listed"},
		"untested":          {scenario: "crash", cases: "b c", exceptions: `{"side":"untested","reason":"nobody can get it"}`, want: "b listed, c listed"},
		"not here":          {cases: "a b", needs: `"no-such-command-anywhere"`, want: "a not run, b not run", detail: "no-such-command-anywhere is missing"},
		"file not here":     {cases: "a", needs: `"no/such/file"`, want: "a not run", detail: "no/such/file is missing"},
		"crash":             {scenario: "crash", cases: "a b c", want: "a passed, b failed, c failed", detail: "exit status 3"},
		"crash, listed":     {scenario: "crash", cases: "a b", exceptions: `{"cases":["b"],` + listed + `}`, want: "a passed, b failed", detail: "no result"},
		"babble":            {scenario: "babble", cases: "a b c", want: "a passed, b failed, c failed", detail: "what is this?"},
		"cut":               {scenario: "cut", cases: "a b c", want: "a passed, b passed, c passed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := run(t, test.scenario, test.cases, test.exceptions, test.needs)
			got, details := verdicts(report)
			if got != test.want || !strings.Contains(details, test.detail) {
				t.Errorf("got %q, %q, want %q, %q", got, details, test.want, test.detail)
			}
			failed := strings.Contains(got, " failed") || strings.Contains(got, " unlisted")
			if failed != (len(report.Failures()) > 0) {
				t.Errorf("%d failures in %q", len(report.Failures()), got)
			}
		})
	}
}

// TestText: the report names what failed, and each exception with its reason
// and cells.
func TestText(t *testing.T) {
	t.Parallel()
	report := run(t, "", "a bad bad-too", `{"cases":["bad-too"],"side":"server","reason":"it is not built"}`, "")
	var text strings.Builder
	if err := report.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"player  1 ok 1 FAILED (1)\n",
		"bad      1 FAILED\n",
		"(1) server: it is not built\n    cases: bad-too\n    cells: player T E\n",
		"FAILED   player over T in E, bad: went wrong\n",
		"1 passed, 1 failed, 1 skipped\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
}

// TestServer serves the hub and the page from one origin.
func TestServer(t *testing.T) {
	t.Parallel()
	server, err := stock.StartServer(t.Context(), "clients")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"GET /stock/page":                             "<title>The stock client</title>",
		"GET /stock/cases.mjs":                        "export async function runCases",
		"POST /golden/negotiate?negotiateVersion=1":   "connectionToken",
		"POST /redirect/negotiate?negotiateVersion=1": "carol",
	} {
		if got := fetch(t, server.Addr(), path); !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q in it", path, got, want)
		}
	}
	if err := server.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func fetch(t *testing.T, address, what string) string {
	t.Helper()
	method, path, _ := strings.Cut(what, " ")
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true // no idle connection that would outlive the test
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
