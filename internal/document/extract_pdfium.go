package document

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// What PDFium gives for a hyphen at the end of a line.
const (
	hyphenBreak = "\uFFFE"
	softHyphen  = "\x02"
)

// pdfEngine is PDFium in a WebAssembly sandbox without files, network or more
// memory than its limit.
type pdfEngine struct {
	pool   pdfium.Pool
	memory *guestMemory
	cache  wazero.CompilationCache // nil without one
}

// startPDFium compiles PDFium, which takes seconds of CPU the first time on a
// machine, and a tenth of a second with a warm cache. A broken cache costs time,
// never the document.
func startPDFium(ctx context.Context) (*pdfEngine, error) {
	cache, err := openCompileCache()
	if err == nil {
		if e, err := newPDFEngine(ctx, cache); err == nil {
			return e, nil
		}
		_ = cache.Close(ctx)
	}
	return newPDFEngine(ctx, nil)
}

func newPDFEngine(ctx context.Context, cache wazero.CompilationCache) (*pdfEngine, error) {
	// PDFium lowers setjmp to wasm exceptions. WithCloseOnContextDone is left
	// off: extraction would take 3.7 times as long; the child is killed instead.
	config := wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling)
	if cache != nil {
		config = config.WithCompilationCache(cache)
	}
	memory := &guestMemory{limit: maxGuestMemory}
	pool, err := webassembly.Init(webassembly.Config{
		Context:       experimental.WithMemoryAllocator(ctx, memory),
		MaxTotal:      1,
		MaxIdle:       1,
		FSConfig:      wazero.NewFSConfig(), // nil would mount the host's root
		RuntimeConfig: config,
		Stdout:        io.Discard, // stdout is the protocol's
		Stderr:        io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("start pdfium: %w", err)
	}
	return &pdfEngine{pool: pool, memory: memory, cache: cache}, nil
}

// openCompileCache finds the place for compiled code. It is private to the user,
// since what lies there is run.
func openCompileCache() (wazero.CompilationCache, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(base, "fanfare", "wasm")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// wazero would only find out after it has compiled, and fail.
	probe, err := os.CreateTemp(dir, "probe")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, err
	}
	return wazero.NewCompilationCacheWithDir(dir)
}

func (e *pdfEngine) close(ctx context.Context) {
	// The process is about to end: what cannot be freed is freed by that.
	_ = e.pool.Close()
	if e.cache != nil {
		_ = e.cache.Close(ctx)
	}
}

// unreadable is the failure of a document that PDFium could not make sense of.
func (e *pdfEngine) unreadable(why string) *Failure {
	if e.memory.refused.Load() {
		return &Failure{Code: CodeLimitExceeded, Message: "the document needs more memory than is allowed"}
	}
	return &Failure{Code: CodeDamaged, Message: "the PDF is damaged: " + why}
}

// pdfDocument is an open PDF. Its instance is replaced when a page breaks it.
type pdfDocument struct {
	engine   *pdfEngine
	in       input
	pages    int
	instance pdfium.Pdfium // nil when it could not be replaced
	ref      references.FPDF_DOCUMENT
}

// open opens the PDF in a new instance.
func (e *pdfEngine) open(ctx context.Context, in input) (*pdfDocument, error) {
	d := &pdfDocument{engine: e, in: in}
	if err := d.start(ctx); err != nil {
		return nil, err
	}
	count, err := d.instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: d.ref})
	if err != nil || count.PageCount <= 0 {
		d.close()
		return nil, e.unreadable("it has no pages")
	}
	d.pages = count.PageCount
	return d, nil
}

func (d *pdfDocument) start(ctx context.Context) error {
	instance, err := d.engine.pool.GetInstanceWithContext(ctx)
	if err != nil {
		return fmt.Errorf("start pdfium instance: %w", err)
	}
	opened, err := instance.OpenDocument(&requests.OpenDocument{FileReader: d.in, FileReaderSize: d.in.size})
	if err != nil {
		_ = instance.Kill()
		return d.engine.openFailure(err)
	}
	d.instance, d.ref = instance, opened.Document
	return nil
}

// text gives the text of the page, counted from 0. After a page that failed the
// instance is replaced: what a trap leaves behind in it is anybody's guess.
func (d *pdfDocument) text(ctx context.Context, page int) (string, bool) {
	if d.instance == nil {
		return "", false
	}
	got, err := d.instance.GetPageText(&requests.GetPageText{
		Page: requests.Page{ByIndex: &requests.PageByIndex{Document: d.ref, Index: page}},
	})
	if err == nil {
		return got.Text, true
	}
	d.close()
	_ = d.start(ctx) // the pages that follow then fail too, and are counted
	return "", false
}

// close gives the instance up, without a call into it.
func (d *pdfDocument) close() {
	if d.instance != nil {
		_ = d.instance.Kill()
		d.instance = nil
	}
}

// openFailure says why PDFium did not open a document.
func (e *pdfEngine) openFailure(err error) *Failure {
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword):
		return &Failure{Code: CodePasswordRequired, Message: "the PDF is protected by a password"}
	case errors.Is(err, pdfiumerrors.ErrSecurity):
		return &Failure{Code: CodeUnsupportedType, Message: "the PDF is encrypted in a way that is not supported"}
	case errors.Is(err, pdfiumerrors.ErrFormat):
		return e.unreadable("it does not have the structure of a PDF")
	default:
		return e.unreadable("it cannot be opened")
	}
}
