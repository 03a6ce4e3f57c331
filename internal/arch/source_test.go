package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the module's directory, seen from this package's.
const root = "../.."

// sourceFile is one parsed Go file of the module.
type sourceFile struct {
	path    string // slash-separated, relative to the module
	imports []string
	syntax  *ast.File
	fset    *token.FileSet
}

func (f sourceFile) pkg() string { return path.Dir(f.path) }
func (f sourceFile) test() bool  { return strings.HasSuffix(f.path, "_test.go") }
func (f sourceFile) lines() int  { return f.fset.File(f.syntax.Pos()).LineCount() }
func (f sourceFile) doc() string { return f.syntax.Doc.Text() }

// functionLines returns the length of each function declared in f, by name;
// methods of two types with one name count as the longer of them.
func (f sourceFile) functionLines() map[string]int {
	lines := map[string]int{}
	for _, decl := range f.syntax.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		n := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
		lines[fn.Name.Name] = max(lines[fn.Name.Name], n)
	}
	return lines
}

// parseModule reads every hand-written Go file of the module, whatever its
// build tags: an import that only Windows sees is an arrow all the same.
func parseModule(t *testing.T) []sourceFile {
	t.Helper()
	var files []sourceFile
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipForeign(name, d.Name())
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		f, err := parseFile(name)
		if err == nil && !ast.IsGenerated(f.syntax) {
			files = append(files, f)
		}
		return err
	})
	if err != nil {
		t.Fatalf("read the module's source: %v", err)
	}
	return files
}

// skipForeign passes over directories that the go tool passes over too, and
// over installed npm packages.
func skipForeign(name, base string) error {
	hidden := name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_"))
	if hidden || slices.Contains([]string{"testdata", "node_modules", "vendor"}, base) {
		return filepath.SkipDir
	}
	return nil
}

func parseFile(name string) (sourceFile, error) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
	if err != nil {
		return sourceFile{}, err
	}
	rel, err := filepath.Rel(root, name)
	if err != nil {
		return sourceFile{}, err
	}
	f := sourceFile{path: filepath.ToSlash(rel), syntax: syntax, fset: fset}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return sourceFile{}, err
		}
		f.imports = append(f.imports, imported)
	}
	return f, nil
}

// local returns the path within the module of an import of the module's own.
func local(imported string) (pkg string, ok bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// thirdParty reports whether an import is neither the module's own nor the
// standard library's, whose paths have no dot in their first element.
func thirdParty(imported string) bool {
	if _, own := local(imported); own {
		return false
	}
	first, _, _ := strings.Cut(imported, "/")
	return strings.Contains(first, ".")
}

// within reports whether an import belongs to a module. A nested module's
// packages must be told apart by the caller, longest path first.
func within(imported, module string) bool {
	return imported == module || strings.HasPrefix(imported, module+"/")
}
