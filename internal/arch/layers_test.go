package arch

// module is this module's path, which every import inside of it begins with.
const module = "github.com/fanfare-hub/fanfare"

// node is a package's place in the graph.
type node struct {
	level   int      // arrows go from a higher level to a lower one, never sideways
	imports []string // the module's packages that its non-test files import
}

// layers is the whole import graph. It says what is, not what is allowed: a
// package or an arrow missing here fails the tests, and so does one that is
// listed and not there.
var layers = map[string]node{
	// Level 0: the vocabulary (standard library only), the wire, the samples.
	".":                       {level: 0},
	"signalr/hubproto":        {level: 0},
	"signalr/internal/front":  {level: 0},
	"signalr/internal/outbox": {level: 0},
	"signalr/internal/ws":     {level: 0},
	"internal/sample":         {level: 0},
	"internal/arch":           {level: 0},

	"signalr/internal/benchpeers": {level: 0}, // a command beside them

	// Level 1: each knows the vocabulary or the wire, and nothing beside it.
	"publisher":               {level: 1, imports: []string{"."}},
	"publisher/publishertest": {level: 1, imports: []string{"."}},
	"signalr": {level: 1, imports: []string{
		"signalr/hubproto", "signalr/internal/front", "signalr/internal/outbox", "signalr/internal/ws",
	}},
	"signalr/client":    {level: 1, imports: []string{"signalr/hubproto", "signalr/internal/outbox", "signalr/internal/ws"}},
	"internal/bus":      {level: 1, imports: []string{"."}},
	"internal/document": {level: 1, imports: []string{"."}},
	"internal/feed":     {level: 1, imports: []string{"."}},
	"internal/health":   {level: 1, imports: []string{"."}},
	"internal/pipeline": {level: 1, imports: []string{"."}},

	// Level 2: what faces a client, by HTTP or by the hub; what a client looks like.
	"examples/worker":  {level: 2, imports: []string{".", "publisher"}},
	"internal/api":     {level: 2, imports: []string{".", "internal/document", "internal/feed"}},
	"internal/console": {level: 2},
	"internal/app/hub": {level: 2, imports: []string{".", "internal/feed", "signalr", "signalr/hubproto"}},
	"signalr/internal/golden": {level: 2, imports: []string{
		"signalr/hubproto", "signalr/internal/ws", "signalr",
	}},

	"signalr/signalrtest":       {level: 2, imports: []string{"signalr", "signalr/client"}},
	"signalr/internal/benchhub": {level: 2, imports: []string{"signalr"}},

	// Level 3: the one package that knows all the others; the golden hub alone.
	"signalr/internal/goldenhub":   {level: 3, imports: []string{"signalr/internal/golden"}},
	"signalr/internal/conformance": {level: 3, imports: []string{"signalr/internal/golden"}},
	"signalr/internal/stock":       {level: 3, imports: []string{"signalr/internal/golden"}},
	"internal/app": {level: 3, imports: []string{
		".", "signalr", "internal/bus", "internal/document", "internal/feed", "internal/health", "internal/pipeline",
		"internal/api", "internal/app/hub", "internal/console",
	}},

	// Level 4: what starts it, and what writes of it.
	"signalr/internal/conformance/report": {level: 4, imports: []string{"signalr/internal/conformance"}},
	"signalr/internal/stockmatrix":        {level: 4, imports: []string{"signalr/internal/stock"}},
	"cmd/fanfare": {level: 4, imports: []string{
		".", "publisher", "signalr/client", "internal/document", "internal/sample", "internal/app/hub", "internal/app",
	}},
	"internal/eventbench": {level: 4, imports: []string{
		".", "signalr", "signalr/client", "internal/api", "internal/app", "internal/pipeline",
	}},
	"internal/e2e": {level: 4},
}

// bridges are the product's packages that may know the signalr tree.
var bridges = []string{"internal/app", "internal/app/hub", "cmd/fanfare", "internal/e2e", "internal/eventbench"}

// owners names, for each third-party module, the one package that imports it.
// A module that is neither here nor in anywhere or testOnly fails the test.
var owners = map[string]string{
	"github.com/gabriel-vasile/mimetype": "internal/document",
	"github.com/gobwas/ws":               "signalr/internal/ws",
	"github.com/gofrs/flock":             "internal/app",
	"github.com/klippa-app/go-pdfium":    "internal/document",
	"github.com/nats-io/nats-server/v2":  "internal/bus",
	"github.com/nats-io/nats.go":         "internal/bus",
	"github.com/spf13/cobra":             "cmd/fanfare",
	"github.com/spf13/pflag":             "cmd/fanfare",
	"github.com/tetratelabs/wazero":      "internal/document",
	"golang.org/x/term":                  "cmd/fanfare",
	"golang.org/x/time":                  "internal/api",
}

// anywhere lists the modules without an owner: the OpenTelemetry API is made
// to be called where something happens. Its SDK is not in this list.
var anywhere = []string{
	"go.opentelemetry.io/otel",
	"go.opentelemetry.io/otel/metric",
	"go.opentelemetry.io/otel/trace",
}

// testOnly lists the modules that test files of any package may import.
var testOnly = []string{
	"github.com/google/go-cmp",
	"go.opentelemetry.io/otel/sdk",
	"go.opentelemetry.io/otel/sdk/metric",
	"go.uber.org/goleak",
}

// Ceilings, not targets: the code aims at files of 130 to 300 lines and
// functions of less than 15.
const (
	maxFileLines     = 600
	maxFunctionLines = 80
)

// tooLong excuses single files ("dir/file.go") and functions
// ("dir/file.go:Name"). An entry that is no longer needed fails the test, so
// the list can only shrink.
var tooLong = map[string]bool{}
