package conformance

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// idPattern matches what looks like an id, rangePattern several at once;
// scenarioPattern the name of a recorded scenario.
var (
	idPattern = regexp.MustCompile(`\b(?:EP|NEG|CORS|CONN|WS|SSE|LP|POST|HS|JSON|MP|SIZE|INV|PING|STR|UP|CR|SR|` +
		`LIFE|CLOSE|SEND|GRP|USR|AUTH|BP|DOWN|OBS|CLI|SEC)-[0-9]{2}\b`)
	rangePattern    = regexp.MustCompile(`[A-Z]+-[0-9]{2} to [A-Z]+-[0-9]{2}`)
	scenarioPattern = regexp.MustCompile(`^[a-z]+/[a-z0-9-]+$`)
)

// Mention is an id that a test names.
type Mention struct {
	ID        string
	Test      string   // the function
	File      string   // slash-separated, relative to what was scanned
	Scenarios []string // the recorded ones in the same row
}

// Scanned is what stands in the code.
type Scanned struct {
	Mentions []Mention
	IDs      map[string]string // every id in a Go file, and the first file that has it
	Ranges   map[string]string // those of ids in test files (LP-01 to LP-03), which count as no mention of what is between
}

// Scan reads the Go files below dirs of fsys.
func Scan(fsys fs.FS, dirs ...string) (*Scanned, error) {
	s := &scanner{fsys: fsys, packages: map[string]*source{}, found: Scanned{IDs: map[string]string{}, Ranges: map[string]string{}}}
	for _, dir := range dirs {
		err := fs.WalkDir(fsys, dir, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && foreign(name):
				return fs.SkipDir
			case d.IsDir() || path.Ext(name) != ".go":
				return nil
			}
			return s.file(name)
		})
		if err != nil {
			return nil, fmt.Errorf("scan %s: %w", dir, err)
		}
	}
	for _, p := range s.packages {
		s.found.Mentions = append(s.found.Mentions, p.mentions()...)
	}
	slices.SortFunc(s.found.Mentions, func(a, b Mention) int {
		return strings.Compare(a.ID+" "+a.File+" "+a.Test, b.ID+" "+b.File+" "+b.Test)
	})
	return &s.found, nil
}

// scanner is a scan under way.
type scanner struct {
	fsys     fs.FS
	packages map[string]*source // by directory and package name
	found    Scanned
}

// source is what the test files of one package hold.
type source struct {
	tests []*walker
	rest  map[string]*walker // the other functions, by name
}

// foreign says whether a directory holds no tests of servers: what is not ours,
// and this package, whose own tests are full of ids.
func foreign(dir string) bool {
	return slices.Contains([]string{"node_modules", "testdata"}, path.Base(dir)) || dir == "signalr/internal/conformance"
}

// file reads one file.
func (s *scanner) file(name string) error {
	text, err := fs.ReadFile(s.fsys, name)
	if err != nil {
		return err
	}
	for _, id := range idPattern.FindAllString(string(text), -1) {
		if s.found.IDs[id] == "" {
			s.found.IDs[id] = name
		}
	}
	if !strings.HasSuffix(name, "_test.go") {
		return nil
	}
	for _, ids := range rangePattern.FindAllString(string(text), -1) {
		s.found.Ranges[ids] = name
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
	if err != nil {
		return err
	}
	key := path.Dir(name) + " " + file.Name.Name
	if s.packages[key] == nil {
		s.packages[key] = &source{rest: map[string]*walker{}}
	}
	s.packages[key].add(file, name)
	return nil
}

// add takes in a file.
func (s *source) add(file *ast.File, name string) {
	for _, decl := range file.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		w := &walker{test: fn.Name.Name, file: name}
		switch {
		case !isTest(fn):
			w.walkRows(fn.Body)
			s.rest[fn.Name.Name] = w
		case !skipsItself(fn):
			w.walkTest(fn, file.Comments)
			s.tests = append(s.tests, w)
		}
	}
}

// mentions returns those of all tests, with those of the rows in functions
// that they use: fuzz tests use them as seeds only, which is no claim.
func (s *source) mentions() []Mention {
	var all []Mention
	for _, test := range s.tests {
		all = append(all, test.mentions...)
		if strings.HasPrefix(test.test, "Fuzz") {
			continue
		}
		seen := map[string]bool{}
		for used := test.uses; len(used) > 0; used = used[1:] {
			other := s.rest[used[0]]
			if other == nil || seen[used[0]] {
				continue
			}
			seen[used[0]] = true
			used = slices.Concat(used, other.uses)
			for _, m := range other.mentions {
				m.Test, m.File = test.test, test.file
				all = append(all, m)
			}
		}
	}
	return all
}

// isTest says whether `go test` runs a function by itself.
func isTest(fn *ast.FuncDecl) bool {
	name := fn.Name.Name
	return fn.Recv == nil && (strings.HasPrefix(name, "Test") || strings.HasPrefix(name, "Fuzz")) && name != "TestMain"
}

// skipsItself says whether a test calls Skip whatever happens.
func skipsItself(fn *ast.FuncDecl) bool {
	return slices.ContainsFunc(fn.Body.List, func(s ast.Stmt) bool {
		statement, ok := s.(*ast.ExprStmt)
		if !ok {
			return false
		}
		call, ok := statement.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		return ok && strings.HasPrefix(method.Sel.Name, "Skip")
	})
}

// walker gathers the mentions in one function.
type walker struct {
	test, file string
	mentions   []Mention
	uses       []string
}

// text takes in the ids in a text that stands beside scenarios.
func (w *walker) text(text string, scenarios []string) {
	for _, id := range idPattern.FindAllString(text, -1) {
		w.mentions = append(w.mentions, Mention{ID: id, Test: w.test, File: w.file, Scenarios: scenarios})
	}
}

// walkTest takes in a test and the comments in it.
func (w *walker) walkTest(fn *ast.FuncDecl, comments []*ast.CommentGroup) {
	w.text(fn.Name.Name, nil)
	w.text(fn.Doc.Text(), nil)
	w.walk(fn.Body)
	for _, group := range comments {
		if fn.Body.Pos() < group.Pos() && group.End() < fn.Body.End() {
			w.text(group.Text(), nil)
		}
	}
}

// walkRows takes in the names in a piece of code, and the strings in its
// tables.
func (w *walker) walkRows(code ast.Node) {
	rows := &walker{test: w.test, file: w.file}
	ast.Inspect(code, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CompositeLit:
			rows.walk(node)
			return false
		case *ast.Ident:
			w.uses = append(w.uses, node.Name)
		}
		return true
	})
	w.mentions, w.uses = rows.mentions, append(w.uses, rows.uses...)
}

// walk takes in the strings and names of a piece of code.
func (w *walker) walk(code ast.Node) {
	ast.Inspect(code, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.CompositeLit:
			if texts := rowOf(node); texts != nil {
				scenarios := slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return !scenarioPattern.MatchString(s) })
				w.text(strings.Join(texts, "\n"), scenarios)
				return false
			}
		case *ast.BasicLit:
			w.text(unquote(node), nil)
		case *ast.Ident:
			w.uses = append(w.uses, node.Name)
		}
		return true
	})
}

// rowOf returns the strings of a literal that is nothing but an id and names
// of scenarios: a row that says where an item is shown.
func rowOf(literal *ast.CompositeLit) []string {
	var texts []string
	for _, element := range literal.Elts {
		text, ok := element.(*ast.BasicLit)
		if !ok || text.Kind != token.STRING {
			return nil
		}
		texts = append(texts, strings.Fields(unquote(text))...)
	}
	if len(texts) < 2 || !idPattern.MatchString(texts[0]) || !scenarioPattern.MatchString(texts[1]) {
		return nil
	}
	return texts
}

func unquote(literal *ast.BasicLit) string {
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		return "" // a number
	}
	return text
}
