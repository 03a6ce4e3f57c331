package health

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestReadAllowed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files map[string]string
		want  allowed
	}{
		"no cgroups": {nil, allowed{}},
		"v2, in a container": {map[string]string{
			"proc/self/cgroup":         "0::/\n",
			"sys/fs/cgroup/cpu.max":    "150000 100000\n",
			"sys/fs/cgroup/memory.max": "536870912\n",
		}, allowed{1.5, 512 * mib}},
		"v2, without limits": {map[string]string{
			"proc/self/cgroup":             "0::/app\n",
			"sys/fs/cgroup/app/cpu.max":    "max 100000\n",
			"sys/fs/cgroup/app/memory.max": "max\n",
		}, allowed{}},
		"v2, the tightest on the way": {map[string]string{
			"proc/self/cgroup":               "0::/a/b\n",
			"sys/fs/cgroup/a/b/cpu.max":      "400000 100000\n",
			"sys/fs/cgroup/a/b/memory.max":   "1073741824\n",
			"sys/fs/cgroup/a/cpu.max":        "200000 100000\n",
			"sys/fs/cgroup/a/memory.max":     "2147483648\n",
			"sys/fs/cgroup/other/memory.max": "1\n",
		}, allowed{2, 1024 * mib}},
		"v2, a path that is not in sight": {map[string]string{
			"proc/self/cgroup":         "0::/../../kubepods/pod1\n",
			"sys/fs/cgroup/memory.max": "104857600\n",
		}, allowed{0, 100 * mib}},
		"v1": {map[string]string{
			"proc/self/cgroup": "4:memory:/docker/x\n2:cpu,cpuacct:/docker/x\n1:name=systemd:/\n0::/\n",
			"sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us": "50000\n", "sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us": "100000\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
			"sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "104857600\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712\n",
		}, allowed{0.5, 100 * mib}},
		"nonsense": {map[string]string{
			"proc/self/cgroup":         "x\n0::/\n",
			"sys/fs/cgroup/cpu.max":    "a lot\n",
			"sys/fs/cgroup/memory.max": "-5\n",
		}, allowed{}},
	}
	for name, test := range tests {
		root := fstest.MapFS{}
		for path, text := range test.files {
			root[path] = &fstest.MapFile{Data: []byte(text)}
		}
		if got := readAllowed(root); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

func TestReadResident(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{"100 20 3 4 0 5 0\n": true, "100": false, "100 x": false, "": false} {
		root := fstest.MapFS{"proc/self/statm": &fstest.MapFile{Data: []byte(text)}}
		got, err := readResident(root)
		if (err == nil) != ok || ok && (got == 0 || got%20 != 0) {
			t.Errorf("%q is %d, %v", strings.TrimSpace(text), got, err)
		}
	}
	if _, err := readResident(fstest.MapFS{}); err == nil {
		t.Error("without statm there is a figure")
	}
}
