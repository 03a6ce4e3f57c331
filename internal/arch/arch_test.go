package arch

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryPackageIsInLayers(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	for _, f := range parseModule(t) {
		found[f.pkg()] = true
	}
	for pkg := range found {
		if _, ok := layers[pkg]; !ok {
			t.Errorf("package %q is not in layers: give it a level and its imports, and a line in DESIGN.md", pkg)
		}
	}
	for pkg := range layers {
		if !found[pkg] {
			t.Errorf("layers lists %q, which does not exist", pkg)
		}
	}
}

func TestImportsAreTheArrowsOfLayers(t *testing.T) {
	t.Parallel()
	drawn := map[string]map[string]bool{}
	for _, f := range parseModule(t) {
		if f.test() {
			continue
		}
		if drawn[f.pkg()] == nil {
			drawn[f.pkg()] = map[string]bool{}
		}
		for _, imported := range f.imports {
			dep, ok := local(imported)
			if !ok {
				continue
			}
			drawn[f.pkg()][dep] = true
			if !slices.Contains(layers[f.pkg()].imports, dep) {
				t.Errorf("%s: %s may not import %s", f.path, f.pkg(), dep)
			}
		}
	}
	for pkg, n := range layers {
		for _, dep := range n.imports {
			if drawn[pkg] != nil && !drawn[pkg][dep] {
				t.Errorf("layers lists the arrow %s -> %s, which no file draws", pkg, dep)
			}
		}
	}
}

func TestArrowsGoDown(t *testing.T) {
	t.Parallel()
	for pkg, n := range layers {
		for _, dep := range n.imports {
			if to, ok := layers[dep]; !ok || to.level >= n.level {
				t.Errorf("layers: %s (level %d) -> %s (level %d) does not go down", pkg, n.level, dep, to.level)
			}
		}
	}
}

// The library must stay usable without the product, and the product must not
// grow into it; test files are held to it too.
func TestSignalRAndProductStayApart(t *testing.T) {
	t.Parallel()
	library := func(pkg string) bool { return within(pkg, "signalr") }
	for _, f := range parseModule(t) {
		for _, imported := range f.imports {
			dep, ok := local(imported)
			if !ok || library(f.pkg()) == library(dep) || slices.Contains(bridges, f.pkg()) {
				continue
			}
			t.Errorf("%s: %s and %s are on different sides; only %v know both", f.path, f.pkg(), dep, bridges)
		}
	}
}

func TestThirdPartyModulesHaveOneOwner(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, f := range parseModule(t) {
		for _, imported := range f.imports {
			if !thirdParty(imported) {
				continue
			}
			mod := moduleOf(imported)
			used[mod] = true
			if reason := refuse(mod, f); reason != "" {
				t.Errorf("%s imports %s: %s", f.path, imported, reason)
			}
		}
	}
	for mod, owner := range owners {
		if !used[mod] {
			t.Errorf("owners lists %s for %s, which does not import it", mod, owner)
		}
	}
}

// moduleOf returns the longest listed module path that an import lies within,
// or the import itself if none is listed.
func moduleOf(imported string) string {
	longest := ""
	for _, mod := range slices.Concat(slices.Collect(maps.Keys(owners)), anywhere, testOnly) {
		if within(imported, mod) && len(mod) > len(longest) {
			longest = mod
		}
	}
	if longest == "" {
		return imported
	}
	return longest
}

// refuse says why a file may not import a module, or nothing if it may.
func refuse(mod string, f sourceFile) string {
	owner, owned := owners[mod]
	switch {
	case slices.Contains(anywhere, mod) && f.pkg() != ".":
		return ""
	case f.test() && slices.Contains(testOnly, mod):
		return ""
	case slices.Contains(testOnly, mod):
		return "it is for tests only"
	case !owned:
		return "no package owns it; see docs/adr/0005-dependencies.md"
	case owner != f.pkg():
		return "only " + owner + " may"
	}
	return ""
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	t.Parallel()
	excused := map[string]bool{}
	check := func(name string, lines, limit int) {
		switch {
		case lines <= limit:
		case tooLong[name]:
			excused[name] = true
		default:
			t.Errorf("%s has %d lines, the limit is %d", name, lines, limit)
		}
	}
	for _, f := range parseModule(t) {
		check(f.path, f.lines(), maxFileLines)
		if f.test() {
			continue // a table of cases is long, and still easy to read
		}
		for name, lines := range f.functionLines() {
			check(f.path+":"+name, lines, maxFunctionLines)
		}
	}
	for name := range tooLong {
		if !excused[name] {
			t.Errorf("tooLong lists %s, which is within its limit now: take it out", name)
		}
	}
}

func TestEveryPackageHasOneComment(t *testing.T) {
	t.Parallel()
	comments := map[string][]string{}
	for _, f := range parseModule(t) {
		if f.test() {
			continue
		}
		commented := comments[f.pkg()]
		if f.doc() != "" {
			commented = append(commented, f.path)
		}
		comments[f.pkg()] = commented
	}
	for pkg, files := range comments {
		if len(files) != 1 {
			t.Errorf("package %s has %d package comments %v, want one, in doc.go or beside main", pkg, len(files), files)
		}
	}
}

// designRow is a row of DESIGN.md's table of packages: name, level, imports.
var designRow = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (\\d) \\| ([^|]*) \\|")

// DESIGN.md draws the same graph for people; the two must not drift apart.
func TestDesignDrawsTheSameGraph(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "DESIGN.md"))
	if err != nil {
		t.Fatalf("read the design: %v", err)
	}
	rows := map[string]string{}
	for _, m := range designRow.FindAllStringSubmatch(string(text), -1) {
		rows[m[1]] = m[2] + " " + m[3]
	}
	for pkg, n := range layers {
		if want := n.row(); rows[pkg] != want {
			t.Errorf("DESIGN.md says %q of %s, layers says %q", rows[pkg], pkg, want)
		}
		delete(rows, pkg)
	}
	for pkg := range rows {
		t.Errorf("DESIGN.md draws %q, which is not in layers", pkg)
	}
}

// row renders a node as DESIGN.md writes it: its level, then its imports in
// the order of layers, or a dash.
func (n node) row() string {
	if len(n.imports) == 0 {
		return string(rune('0'+n.level)) + " -"
	}
	return string(rune('0'+n.level)) + " " + strings.Join(n.imports, ", ")
}
