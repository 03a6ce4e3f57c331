package main

// goal is what one figure of one test should be.
type goal struct {
	figure string // a field of sigload's report
	word   string // what the table calls it
	kind   kind
	bound  float64
	atMost bool // the bound is the greatest good value, not the least
}

// kind says what is compared with a goal's bound.
type kind int

const (
	timesRaw    kind = iota // the median as a multiple of raw's
	absolute                // the median itself
	worst                   // the greatest value of all runs
	timesBefore             // the median as a multiple of the same run's own figure before
)

// reference is the peer that the others are measured by: the same frames by
// bare system calls.
const reference = "raw"

// before is what figures during a disturbance are compared with.
const before = "before_healthy_longest_pause_ms"

// idleFigure is held to idleBound KiB, or to another bound for another server.
const (
	idleFigure = "rss_per_connection_kib"
	idleBound  = 8
)

func cost(bound float64) []goal {
	return []goal{
		{"server_cpu_s_per_million", "CPU per delivery", timesRaw, bound, true},
		{"lost", "lost", worst, 0, true},
		{"duplicates", "duplicated", worst, 0, true},
		{"out_of_order", "out of order", worst, 0, true},
	}
}

// goals returns what a test is held to; tests that are not listed are shown by
// their CPU alone.
func goals(test string) []goal {
	switch test {
	case "rate-1k-128":
		return cost(1.3)
	case "bc-1k-128", "bc-1k-1k", "bc-10k-128", "bc-10k-1k":
		return cost(1.5)
	case "burst-1k-128":
		return cost(2)
	case "fanin":
		return cost(1.4)
	case "echo":
		return []goal{
			{"server_cpu_s_per_million", "CPU per round trip", timesRaw, 1.5, true},
			{"unanswered", "unanswered", worst, 0, true},
		}
	case "idle-10k", "idle-19k":
		return []goal{{idleFigure, "KiB per connection", absolute, idleBound, true}}
	case "storm-10k":
		return []goal{
			{"server_cpu_s_per_million", "CPU per connect", timesRaw, 2, true},
			{"connects_per_s", "connects/s", timesRaw, 0.85, false},
			{"failed_attempts", "failed attempts", worst, 0, true},
			{"never_connected", "never connected", worst, 0, true},
		}
	case "slow", "slow-pinging":
		return []goal{
			{"during_healthy_longest_pause_ms", "others' longest pause, ms", timesBefore, 3, true},
			{"during_healthy_longest_pause_ms", "others' longest pause, ms", worst, 500, true},
			{"healthy_lost", "lost by the others", worst, 0, true},
			{"out_of_order", "out of order", worst, 0, true},
		}
	default:
		return []goal{{"server_cpu_s_per_million", "CPU", timesRaw, 0, true}}
	}
}

// boundless says that a figure is only shown.
func (g goal) boundless() bool { return g.kind == timesRaw && g.bound == 0 }

func (g goal) met(value float64) bool {
	if g.atMost {
		return value <= g.bound
	}
	return value >= g.bound
}
