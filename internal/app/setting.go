package app

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare/internal/health"
)

// configName is the setting that names the configuration file.
const configName = "FANFARE_CONFIG"

// Setting is one line of the configuration table.
type Setting struct {
	Name    string // of the environment variable
	Flag    string // on the command line, "" where there is none
	Default string
	Help    string
	Switch  bool // a flag that needs no value

	apply func(*Config, string) error
}

// Settings is the configuration table: all there is to set, in the order of
// the help text.
func Settings() []Setting {
	return []Setting{
		{Name: "FANFARE_LISTEN", Flag: "listen", Default: "127.0.0.1:8080", Help: "address to listen on, host:port; port 0 takes a free one", apply: applyListen},
		{Name: "PORT", Help: "replaces the port of FANFARE_LISTEN", apply: applyPort},
		{Name: "FANFARE_DATA_DIR", Flag: "data-dir", Default: "./data", Help: "directory for the log, the records and the documents", apply: text(func(c *Config) *string { return &c.DataDir })},
		{Name: "FANFARE_DEV", Flag: "dev", Default: "false", Switch: true, Help: "tell clients the details of errors; changes no rights", apply: boolean(func(c *Config) *bool { return &c.Dev })},
		{Name: "FANFARE_AUTH", Flag: "auth", Help: "none: listen beyond loopback although everybody may do everything", apply: applyAuth},
		{Name: "FANFARE_SERVICE_NAME", Flag: "service-name", Default: "fanfare", Help: "name of this service in events; OTEL_SERVICE_NAME stands in for it", apply: text(func(c *Config) *string { return &c.Service })},
		{Name: "FANFARE_SERVICE_VERSION", Flag: "service-version", Help: "version of this service in events (default: the build's)", apply: text(func(c *Config) *string { return &c.ServiceVersion })},
		{Name: "FANFARE_RETENTION", Flag: "retention", Default: "2160h", Help: "how long events stay in the log", apply: duration(func(c *Config) *time.Duration { return &c.Retention })},
		{Name: "FANFARE_RETENTION_EVENTS", Flag: "retention-events", Default: "100000", Help: "most events of one topic in the log; the oldest go first", apply: count(func(c *Config) *int64 { return &c.RetentionEvents })},
		{Name: "FANFARE_RETENTION_BYTES", Flag: "retention-bytes", Default: "8GiB", Help: "most of all events together, on disk; the oldest go first", apply: size(func(c *Config) *int64 { return &c.RetentionBytes })},
		{Name: "FANFARE_EVENT_RATE", Flag: "event-rate", Default: "10000", Help: "events a second that one client address may publish; 0 is any number", apply: applyEventRate},
		{Name: "FANFARE_MAX_UPLOAD", Flag: "max-upload", Default: "512MiB", Help: "largest document, in bytes, KiB, MiB or GiB", apply: size(func(c *Config) *int64 { return &c.MaxUpload })},
		{Name: "FANFARE_WORKERS", Flag: "workers", Default: "2", Help: "documents processed at the same time", apply: applyWorkers},
		{Name: "FANFARE_EXTRACT_TIMEOUT", Flag: "extract-timeout", Default: "5m", Help: "longest time for one document", apply: duration(func(c *Config) *time.Duration { return &c.ExtractTimeout })},
		{Name: "FANFARE_HEALTH_DEGRADED", Flag: "health-degraded", Default: "1000,60", Help: "memory in MB and CPU in per cent above which the service is degraded", apply: limit(func(c *Config) *health.Limit { return &c.Health.Degraded })},
		{Name: "FANFARE_HEALTH_WARNING", Flag: "health-warning", Default: "1500,75", Help: "the same for warning", apply: limit(func(c *Config) *health.Limit { return &c.Health.Warning })},
		{Name: "FANFARE_HEALTH_CRITICAL", Flag: "health-critical", Default: "2000,90", Help: "the same for critical", apply: limit(func(c *Config) *health.Limit { return &c.Health.Critical })},
		{Name: "FANFARE_HEALTH_RULE", Flag: "health-rule", Default: "and", Help: "and: memory and CPU must both be above; or: one is enough", apply: applyHealthRule},
		{Name: configName, Flag: "config", Help: "file of NAME=value lines, with the names of this table", apply: func(*Config, string) error { return nil }},
		{Name: "FANFARE_LOG_LEVEL", Flag: "log-level", Default: "info", Help: "debug, info, warn or error", apply: applyLogLevel},
	}
}

func text(field func(*Config) *string) func(*Config, string) error {
	return func(c *Config, value string) error {
		*field(c) = value
		return nil
	}
}

func boolean(field func(*Config) *bool) func(*Config, string) error {
	return func(c *Config, value string) error {
		on, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		*field(c) = on
		return nil
	}
}

func duration(field func(*Config) *time.Duration) func(*Config, string) error {
	return func(c *Config, value string) error {
		d, err := time.ParseDuration(value)
		if err != nil || d <= 0 {
			return fmt.Errorf("%q is no duration above zero such as 90s, 5m or 720h", value)
		}
		*field(c) = d
		return nil
	}
}

func size(field func(*Config) *int64) func(*Config, string) error {
	return func(c *Config, value string) error {
		n, err := parseSize(value)
		if err != nil {
			return err
		}
		*field(c) = n
		return nil
	}
}

func count(field func(*Config) *int64) func(*Config, string) error {
	return func(c *Config, value string) error {
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n <= 0 {
			return fmt.Errorf("%q is no number above zero", value)
		}
		*field(c) = n
		return nil
	}
}

func parseSize(value string) (int64, error) {
	number, unit := value, int64(1)
	for suffix, factor := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if rest, ok := strings.CutSuffix(value, suffix); ok {
			number, unit = rest, factor
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
	if err != nil || n <= 0 || n > (1<<62)/unit {
		return 0, fmt.Errorf("%q is no size above zero such as 1048576, 64KiB, 512MiB or 2GiB", value)
	}
	return n * unit, nil
}

func limit(field func(*Config) *health.Limit) func(*Config, string) error {
	return func(c *Config, value string) error {
		memory, cpu, ok := strings.Cut(value, ",")
		mb, err1 := strconv.ParseFloat(strings.TrimSpace(memory), 64)
		percent, err2 := strconv.ParseFloat(strings.TrimSpace(cpu), 64)
		if !ok || err1 != nil || err2 != nil || mb < 0 || percent < 0 {
			return fmt.Errorf("%q is not two numbers, memory in MB and CPU in per cent, such as 2000,90", value)
		}
		*field(c) = health.Limit{MemoryMB: mb, CPUPercent: percent}
		return nil
	}
}

func applyListen(c *Config, value string) error {
	if _, port, err := net.SplitHostPort(value); err != nil || !validPort(port) {
		return fmt.Errorf("%q is no host:port such as 127.0.0.1:8080", value)
	}
	c.Listen = value
	return nil
}

func applyPort(c *Config, value string) error {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil || !validPort(value) {
		return fmt.Errorf("%q is no port from 0 to 65535", value)
	}
	c.Listen = net.JoinHostPort(host, value)
	return nil
}

func validPort(value string) bool {
	_, err := strconv.ParseUint(value, 10, 16)
	return err == nil
}

func applyAuth(c *Config, value string) error {
	if value != "none" && value != "" {
		return fmt.Errorf("%q is unknown; the only value so far is none", value)
	}
	c.Open = value == "none"
	return nil
}

func applyWorkers(c *Config, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > 256 {
		return fmt.Errorf("%q is no number from 1 to 256", value)
	}
	c.Workers = n
	return nil
}

func applyEventRate(c *Config, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no number from 0", value)
	}
	c.EventRate = n
	return nil
}

func applyHealthRule(c *Config, value string) error {
	if value != "and" && value != "or" {
		return fmt.Errorf("%q is neither and nor or", value)
	}
	c.Health.Either = value == "or"
	return nil
}

func applyLogLevel(c *Config, value string) error {
	if err := c.LogLevel.UnmarshalText([]byte(value)); err != nil {
		return fmt.Errorf("%q is none of debug, info, warn, error", value)
	}
	return nil
}

// envFile reads NAME=value lines; empty lines and lines that begin with # are
// passed over.
func envFile(path string) (map[string]string, error) {
	if path == "" {
		return map[string]string{}, nil
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read configuration file: %w", err)
	}
	values := map[string]string{}
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("configuration file %s, line %d: %w", path, i+1, errNoAssignment)
		}
		name = strings.TrimSpace(name)
		if !slices.ContainsFunc(Settings(), func(s Setting) bool { return s.Name == name && name != configName }) {
			return nil, fmt.Errorf("configuration file %s, line %d: %q is no setting; see fanfare serve --help", path, i+1, name)
		}
		values[name] = strings.TrimSpace(value)
	}
	return values, nil
}

var errNoAssignment = errors.New("not of the form NAME=value")
