package app

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/internal/health"
)

// environment is a Lookup over a map.
func environment(values map[string]string) Lookup {
	return func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}
}

func TestLoadPrecedence(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "fanfare.env")
	if err := os.WriteFile(file, []byte("# comment\n\nFANFARE_DATA_DIR = /from/file\nFANFARE_WORKERS=7\nFANFARE_DEV=true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := Load(
		map[string]string{"data-dir": "/from/flag", "config": file},
		environment(map[string]string{"FANFARE_DATA_DIR": "/from/environment", "FANFARE_WORKERS": "5"}),
	)
	if err != nil {
		t.Fatal(err)
	}
	if config.DataDir != "/from/flag" || config.Workers != 5 || !config.Dev || config.Listen != "127.0.0.1:8080" {
		t.Errorf("flag, environment, file, default: got %q %d %t %q", config.DataDir, config.Workers, config.Dev, config.Listen)
	}
}

// TestPortPrecedence: PORT is as near as where it was given, and yields to an
// address that was given nearer.
func TestPortPrecedence(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "fanfare.env")
	if err := os.WriteFile(file, []byte("PORT=3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		flags, env map[string]string
		want       string
	}{
		"flag":                    {map[string]string{"listen": "127.0.0.1:1"}, map[string]string{"PORT": "2"}, "127.0.0.1:1"},
		"environment":             {nil, map[string]string{"PORT": "2", "FANFARE_LISTEN": "127.0.0.1:1"}, "127.0.0.1:2"},
		"environment before file": {nil, map[string]string{"FANFARE_LISTEN": "127.0.0.1:1", "FANFARE_CONFIG": file}, "127.0.0.1:1"},
		"file":                    {nil, map[string]string{"FANFARE_CONFIG": file}, "127.0.0.1:3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, err := Load(test.flags, environment(test.env))
			if err != nil || config.Listen != test.want {
				t.Errorf("got %q, %v, want %q", config.Listen, err, test.want)
			}
		})
	}
}

func TestLoadValues(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		set   map[string]string
		check func(Config) bool
	}{
		{"PORT replaces the port only", map[string]string{"PORT": "9000"}, func(c Config) bool { return c.Listen == "127.0.0.1:9000" }},
		{"PORT replaces the port of FANFARE_LISTEN", map[string]string{"PORT": "9000", "FANFARE_LISTEN": "[::1]:1"}, func(c Config) bool { return c.Listen == "[::1]:9000" }},
		{"own name before OpenTelemetry's", map[string]string{"FANFARE_SERVICE_NAME": "a", "OTEL_SERVICE_NAME": "b"}, func(c Config) bool { return c.Service == "a" }},
		{"OpenTelemetry's name", map[string]string{"OTEL_SERVICE_NAME": "b"}, func(c Config) bool { return c.Service == "b" }},
		{"no name", nil, func(c Config) bool { return c.Service == "fanfare" && c.ServiceVersion != "" }},
		{"empty is not set", map[string]string{"FANFARE_WORKERS": ""}, func(c Config) bool { return c.Workers == 2 }},
		{"size", map[string]string{"FANFARE_MAX_UPLOAD": "3MiB"}, func(c Config) bool { return c.MaxUpload == 3<<20 }},
		{"size in bytes", map[string]string{"FANFARE_MAX_UPLOAD": "1000"}, func(c Config) bool { return c.MaxUpload == 1000 }},
		{"duration", map[string]string{"FANFARE_EXTRACT_TIMEOUT": "90s"}, func(c Config) bool { return c.ExtractTimeout == 90*time.Second }},
		{"health", map[string]string{"FANFARE_HEALTH_CRITICAL": "100, 5.5", "FANFARE_HEALTH_RULE": "or"}, func(c Config) bool {
			return c.Health.Critical == health.Limit{MemoryMB: 100, CPUPercent: 5.5} && c.Health.Either
		}},
		{"level", map[string]string{"FANFARE_LOG_LEVEL": "debug"}, func(c Config) bool { return c.LogLevel == slog.LevelDebug }},
		{"open", map[string]string{"FANFARE_AUTH": "none", "FANFARE_LISTEN": "0.0.0.0:80"}, func(c Config) bool { return c.Open && c.Listen == "0.0.0.0:80" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			config, err := Load(nil, environment(test.set))
			if err != nil {
				t.Fatal(err)
			}
			if !test.check(config) {
				t.Errorf("got %+v", config)
			}
		})
	}
}

// TestLoadRefuses: each error names the setting, and says what is allowed.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		set  map[string]string
		want []string
	}{
		"address":                  {map[string]string{"FANFARE_LISTEN": "here"}, []string{"FANFARE_LISTEN", "here", "127.0.0.1:8080"}},
		"port of address":          {map[string]string{"FANFARE_LISTEN": "127.0.0.1:x"}, []string{"FANFARE_LISTEN"}},
		"port":                     {map[string]string{"PORT": "70000"}, []string{"PORT", "70000", "65535"}},
		"beyond loopback":          {map[string]string{"FANFARE_LISTEN": "0.0.0.0:8080"}, []string{"0.0.0.0:8080", "127.0.0.1", "FANFARE_AUTH=none"}},
		"all interfaces":           {map[string]string{"FANFARE_LISTEN": ":8080"}, []string{"FANFARE_AUTH=none"}},
		"auth":                     {map[string]string{"FANFARE_AUTH": "off"}, []string{"FANFARE_AUTH", "off", "none"}},
		"service name":             {map[string]string{"FANFARE_SERVICE_NAME": "my service"}, []string{"FANFARE_SERVICE_NAME", "my service", "64"}},
		"boolean":                  {map[string]string{"FANFARE_DEV": "maybe"}, []string{"FANFARE_DEV", "maybe"}},
		"duration":                 {map[string]string{"FANFARE_RETENTION": "-1h"}, []string{"FANFARE_RETENTION", "-1h", "720h"}},
		"size":                     {map[string]string{"FANFARE_MAX_UPLOAD": "0"}, []string{"FANFARE_MAX_UPLOAD", "512MiB"}},
		"size overflow":            {map[string]string{"FANFARE_MAX_UPLOAD": "9000000000000000GiB"}, []string{"FANFARE_MAX_UPLOAD"}},
		"workers":                  {map[string]string{"FANFARE_WORKERS": "0"}, []string{"FANFARE_WORKERS", "256"}},
		"health":                   {map[string]string{"FANFARE_HEALTH_WARNING": "1500"}, []string{"FANFARE_HEALTH_WARNING", "2000,90"}},
		"health rule":              {map[string]string{"FANFARE_HEALTH_RULE": "xor"}, []string{"FANFARE_HEALTH_RULE", "and", "or"}},
		"level":                    {map[string]string{"FANFARE_LOG_LEVEL": "loud"}, []string{"FANFARE_LOG_LEVEL", "loud", "warn"}},
		"unknown name in the file": {map[string]string{"FANFARE_CONFIG": "testdata/unknown.env"}, []string{"unknown.env, line 2", "FANFARE_LISTN"}},
		"no such file":             {map[string]string{"FANFARE_CONFIG": "/nowhere/fanfare.env"}, []string{"/nowhere/fanfare.env"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(nil, environment(test.set))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

// TestSettingsAreDocumented: the table is what help texts and documents show.
func TestSettingsAreDocumented(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, setting := range Settings() {
		if setting.Help == "" || seen[setting.Name] || setting.Flag != "" && seen[setting.Flag] {
			t.Errorf("%s: no help, or twice in the table", setting.Name)
		}
		seen[setting.Name], seen[setting.Flag] = true, true
		if !strings.Contains(string(readme), "`"+setting.Name+"`") {
			t.Errorf("README.md does not name %s", setting.Name)
		}
	}
}
