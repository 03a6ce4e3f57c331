package document

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fanfare-hub/fanfare"
)

// maxNameBytes is what the common file systems allow.
const maxNameBytes = 255

// UploadParams is one upload.
type UploadParams struct {
	Name  string // 1-255 bytes of UTF-8, no path
	Owner string // user id, "" for anonymous
	Size  int64  // what the sender announced, -1 unknown
	Body  io.Reader
}

// Upload stores a document and queues it. The returned record is queued; when
// Upload returns without error, the bytes, the record and the job are durable.
//
// A bad name, an empty body and one cut off are [fanfare.CodeInvalidArgument],
// one above the limit is [fanfare.CodeTooLarge]; of these nothing is kept. An
// error of Body that is a [*fanfare.Error] is returned as it is. With
// [fanfare.CodeUnavailable] the document may have been stored: then it is
// queued within a sweep's interval, and the message names its id.
func (s *Service) Upload(ctx context.Context, params UploadParams) (Record, error) {
	if err := s.checkUpload(params); err != nil {
		return Record{}, err
	}
	b, err := s.storeBody(ctx, params)
	if err != nil {
		return Record{}, err
	}
	created, err := s.createRecord(ctx, params, b)
	if err != nil {
		return Record{}, err
	}
	record := s.announceUpload(ctx, created)
	if err := s.jobs.Publish(ctx, record.ID); err != nil {
		return Record{}, fanfare.Errorf(fanfare.CodeUnavailable, "document %s is stored, but could not be queued yet; it will be within a minute: %w", record.ID, err)
	}
	return record, nil
}

// checkUpload refuses what shows before the first byte.
func (s *Service) checkUpload(params UploadParams) error {
	if err := checkName(params.Name); err != nil {
		return err
	}
	if params.Size > s.maxBytes {
		return s.tooLarge()
	}
	return nil
}

func (s *Service) tooLarge() error {
	return fanfare.Errorf(fanfare.CodeTooLarge, "a document may have at most %d bytes", s.maxBytes)
}

// checkName refuses names that would not be one file name everywhere, or that
// do not print as one line.
func checkName(name string) error {
	refuse := func(format string, args ...any) error {
		return fanfare.Errorf(fanfare.CodeInvalidArgument, "name: "+format, args...)
	}
	switch {
	case name == "":
		return refuse("give the document's file name, for example ?name=report.pdf")
	case len(name) > maxNameBytes:
		return refuse("has %d bytes, at most %d are allowed", len(name), maxNameBytes)
	case !utf8.ValidString(name):
		return refuse("is not valid UTF-8")
	case name == "." || name == "..":
		return refuse("%q is a directory, not a file name", name)
	case strings.ContainsAny(name, `/\`):
		return refuse("%q has a path separator; give the file name without its path", name)
	case strings.ContainsFunc(name, unicode.IsControl):
		return refuse("%q has a control character", name)
	}
	return nil
}

// storeBody brings the bytes to disk, as far as they are what was announced.
func (s *Service) storeBody(ctx context.Context, params UploadParams) (blob, error) {
	src := &source{ctx: ctx, body: params.Body, left: s.maxBytes, tooLarge: s.tooLarge()}
	b, err := s.blobs.put(src, func(size int64) error {
		switch {
		case params.Size >= 0 && size != params.Size:
			return cutOff(size, fmt.Errorf("%d bytes were announced", params.Size))
		case size == 0:
			return fanfare.Errorf(fanfare.CodeInvalidArgument, "the document is empty: the body of the request has no bytes")
		}
		return nil
	})
	if err == nil {
		return b, nil
	}
	if src.err != nil {
		return blob{}, src.err
	}
	if refused, ok := errors.AsType[*fanfare.Error](err); ok {
		return blob{}, refused
	}
	return blob{}, fanfare.Errorf(fanfare.CodeUnavailable, "the document could not be stored; try again later: %w", err)
}

func cutOff(size int64, err error) error {
	return fanfare.Errorf(fanfare.CodeInvalidArgument, "the upload was cut off after %d bytes; send the whole document again: %w", size, err)
}

// source reads an upload's body within its limit and keeps the first error in
// the words for the sender, so that it can be told from one of the disk.
type source struct {
	ctx      context.Context //nolint:containedctx // io.Reader has no parameter for it; a source lives for one call of Upload
	body     io.Reader
	left     int64 // bytes until the limit
	read     int64
	tooLarge error
	err      error // nil at the regular end
}

// Read implements [io.Reader].
func (s *source) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		s.err = cutOff(s.read, err)
		return 0, s.err
	}
	n, err := s.body.Read(p)
	s.read += int64(n)
	if s.left -= int64(n); s.left < 0 {
		s.err = s.tooLarge
		return 0, s.err
	}
	if err != nil && err != io.EOF {
		s.err = s.explain(err)
		return n, s.err
	}
	return n, err
}

// explain leaves what is already meant for the sender; any other end of a body
// before its end means that it was cut off.
func (s *source) explain(err error) error {
	if own, ok := errors.AsType[*fanfare.Error](err); ok {
		return own
	}
	return cutOff(s.read, err)
}

// createRecord writes the record that makes the blob a document.
func (s *Service) createRecord(ctx context.Context, params UploadParams, b blob) (stored, error) {
	created := now()
	record := Record{
		Version: recordVersion, ID: fanfare.NewID(), Owner: params.Owner, Name: params.Name,
		Size: b.size, SHA256: b.sha256, Status: fanfare.StatusQueued, Attempt: 1,
		CreatedAt: created, UpdatedAt: created,
	}
	value, err := record.encode()
	if err != nil {
		return stored{}, err
	}
	revision, err := s.records.Create(ctx, record.ID, value)
	if err != nil {
		return stored{}, fmt.Errorf("create record: %w", err)
	}
	s.catalog.add(record.ID)
	return stored{record: record, revision: revision, bytes: len(value)}, nil
}

// announceUpload emits DocumentUploaded and notes it in the record. Failing is
// no reason to refuse a document that is stored: the worker does again what is
// not noted, under the same id.
func (s *Service) announceUpload(ctx context.Context, created stored) Record {
	t := s.task(created)
	if err := t.announce(ctx); err != nil {
		s.logger.WarnContext(ctx, "document not announced; its worker will do so", slog.String("document_id", created.record.ID), slog.Any("error", err))
		return created.record
	}
	return t.record
}
