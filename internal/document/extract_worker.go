package document

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// errAbandoned ends a child whose parent went away.
var errAbandoned = errors.New("extract worker: parent is gone")

// ExtractWorker is the child process of [Extract]: the whole of a program that
// reads one request from stdin and answers on stdout. It returns when stdin has
// ended, which is also how the child of a killed server ends; the caller must
// then exit, because PDFium cannot be interrupted within a page.
//
// It ignores SIGINT and SIGTERM: a supervisor that signals all processes of a
// service would otherwise fail the documents that the server is about to hand
// back.
func ExtractWorker(stdin io.Reader, stdout io.Writer) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	in := bufio.NewReaderSize(stdin, maxRequest)
	request, err := readRequest(in)
	if err != nil {
		return fmt.Errorf("extract worker: %w", err)
	}
	ctx, abandon := context.WithCancel(context.Background())
	defer abandon()
	answers := make(chan answer, 1)
	go func() { answers <- extractAnswer(ctx, request, stdout) }()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, in)
	}()
	select {
	case a := <-answers:
		if err := a.write(stdout); err != nil {
			return fmt.Errorf("extract worker: %w", err)
		}
		<-gone
		return nil
	case <-gone:
		return errAbandoned
	}
}

func readRequest(in *bufio.Reader) (extractRequest, error) {
	var request extractRequest
	line, err := in.ReadSlice('\n')
	if err != nil {
		return request, fmt.Errorf("read request: %w", err)
	}
	if err := json.Unmarshal(line, &request); err != nil {
		return request, fmt.Errorf("decode request: %w", err)
	}
	return request, nil
}

// answer is how an extraction ended.
type answer struct {
	result Result
	err    error
}

func extractAnswer(ctx context.Context, request extractRequest, stdout io.Writer) answer {
	result, err := extractFile(ctx, request, func(done, total int64) error {
		return writeMessage(stdout, extractMessage{Progress: &extractProgress{Done: done, Total: total}})
	})
	return answer{result: result, err: err}
}

// write sends result or failure. An error that is not a Failure is the child's
// own trouble: it goes to stderr, and the parent finds no answer.
func (a answer) write(stdout io.Writer) error {
	if a.err == nil {
		return writeMessage(stdout, extractMessage{Result: &a.result})
	}
	var failure *Failure
	if !errors.As(a.err, &failure) {
		return a.err
	}
	return writeMessage(stdout, extractMessage{Failure: failure})
}

// extractFile runs the one pass over the file: extraction, statistics and scan.
func extractFile(ctx context.Context, request extractRequest, progress progressFunc) (Result, error) {
	f, err := os.Open(request.Path)
	if err != nil {
		return Result{}, fmt.Errorf("open document: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Result{}, fmt.Errorf("open document: %w", err)
	}
	mediaType, err := detectType(f, request.Name)
	if err != nil {
		return Result{}, err
	}
	p := newPass(mediaType)
	in := input{File: f, size: info.Size()}
	if mediaType == typePDF {
		err = readPDF(ctx, in, p, progress)
	} else {
		err = readText(ctx, in, p, progress)
	}
	return p.result(), err
}

// progressFunc is told the position in the input.
type progressFunc func(done, total int64) error

// input is the document's file; its size is that of the moment it was opened.
type input struct {
	*os.File

	size int64
}
