package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/health"
)

// Config is what a server is told from outside. [Load] fills it by the table
// of [Settings]; tests and the demo fill it by hand, from [DefaultConfig].
type Config struct {
	Listen          string // host:port
	DataDir         string
	Dev             bool // detailed errors to clients
	Open            bool // listen beyond loopback without authentication
	Service         string
	ServiceVersion  string
	Retention       time.Duration
	RetentionEvents int64 // of one topic
	RetentionBytes  int64 // of all events
	EventRate       int   // events a second from one client address; 0 is any number
	MaxUpload       int64 // bytes
	Workers         int
	ExtractTimeout  time.Duration
	Health          health.Thresholds
	LogLevel        slog.Level
	Worker          []string // argv of the extraction child; never from outside

	// Intervals, for tests to shorten; zero is the packages' default.
	AckWait        time.Duration // until the job of a dead worker is given to another
	HealthInterval time.Duration // between two samples
}

// Lookup finds the value of a setting by its environment name, as
// [os.LookupEnv] does.
type Lookup func(name string) (value string, ok bool)

// Load builds a Config: for each setting the flag, else the environment, else
// the file that FANFARE_CONFIG names, else the default. flags holds the flags
// that were really given, by flag name. An error names the setting, where its
// value came from and what is allowed.
func Load(flags map[string]string, env Lookup) (Config, error) {
	path, _ := env(configName)
	if given, ok := flags["config"]; ok {
		path = given
	}
	file, err := envFile(path)
	if err != nil {
		return Config{}, err
	}
	var config Config
	for _, setting := range Settings() {
		value, source := setting.find(flags, env, file)
		if source == "" && setting.Name == "PORT" {
			continue
		}
		if err := setting.apply(&config, value); err != nil {
			return Config{}, fmt.Errorf("%s %s: %w", setting.Name, source, err)
		}
	}
	return config.complete()
}

// find returns the setting's value and where it came from, in words.
func (s Setting) find(flags map[string]string, env Lookup, file map[string]string) (value, source string) {
	if s.Name == "PORT" {
		return findPort(flags, env, file)
	}
	if value, ok := flags[s.Flag]; ok && s.Flag != "" {
		return value, "(flag --" + s.Flag + ")"
	}
	if value, ok := env(s.Name); ok && value != "" {
		return value, "(environment)"
	}
	if value, ok := file[s.Name]; ok {
		return value, "(configuration file)"
	}
	if stand := s.standIn(env); stand != "" {
		return stand, "(environment, OTEL_SERVICE_NAME)"
	}
	return s.Default, "(default)"
}

// findPort is the port that replaces the one of FANFARE_LISTEN, unless that was
// given nearer: by flag, or in the environment while the port is the file's.
func findPort(flags map[string]string, env Lookup, file map[string]string) (value, source string) {
	if _, given := flags["listen"]; given {
		return "", ""
	}
	if value, ok := env("PORT"); ok && value != "" {
		return value, "(environment)"
	}
	if listen, ok := env("FANFARE_LISTEN"); ok && listen != "" {
		return "", ""
	}
	if value, ok := file["PORT"]; ok {
		return value, "(configuration file)"
	}
	return "", ""
}

// standIn is the value of a variable that others set for the same purpose.
func (s Setting) standIn(env Lookup) string {
	if s.Name != "FANFARE_SERVICE_NAME" {
		return ""
	}
	value, _ := env("OTEL_SERVICE_NAME")
	return value
}

// DefaultConfig is the Config of a server that was told nothing.
func DefaultConfig() Config {
	config, err := Load(nil, func(string) (string, bool) { return "", false })
	if err != nil {
		panic("app: the table of settings has a bad default: " + err.Error()) //nolint:forbidigo // a defect of the table, found by any test
	}
	return config
}

// eventRate is the rate as the API knows it, where zero is its default and any
// number is negative.
func (c Config) eventRate() float64 {
	if c.EventRate == 0 {
		return -1
	}
	return float64(c.EventRate)
}

// complete fills what follows from the rest, and refuses what does not fit
// together.
func (c Config) complete() (Config, error) {
	if c.ServiceVersion == "" {
		c.ServiceVersion = buildVersion()
	}
	if _, err := fanfare.ParseTopic("service:" + c.Service); err != nil {
		return Config{}, fmt.Errorf("FANFARE_SERVICE_NAME: %q is no service name: 1 to 64 of A-Z a-z 0-9 . _ -", c.Service)
	}
	if !c.loopback() && !c.Open {
		return Config{}, errors.New("FANFARE_LISTEN: " + c.Listen + " can be reached from other machines, and this server does not ask who calls: " +
			"listen on 127.0.0.1, or accept that everybody may do everything with FANFARE_AUTH=none")
	}
	return c, nil
}

// network keeps an IPv4 address from being listened on in IPv6 too.
func (c Config) network() string {
	host, _, err := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.To4() != nil {
		return "tcp4"
	}
	return "tcp"
}

// loopback reports whether only this machine can reach the address.
func (c Config) loopback() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// buildVersion is the version that Go's tool chain noted in the binary.
func buildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
