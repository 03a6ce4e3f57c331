package api

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/document"
)

const (
	defaultLimit = 50
	maxLimit     = 500 // a page is held in memory while it is encoded
	jsonType     = "application/json"
)

// uploadDocument takes the file itself as the body, of any length up to the
// limit, also without Content-Length.
func (a *api) uploadDocument(w http.ResponseWriter, r *http.Request) error {
	if err := checkBodyForm(r.Header); err != nil {
		return err
	}
	record, err := a.documents.Upload(r.Context(), document.UploadParams{
		Name:  r.URL.Query().Get("name"),
		Owner: "",
		Size:  r.ContentLength,
		Body:  a.body(w, r),
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/documents/"+record.ID)
	return writeJSON(w, http.StatusCreated, jsonType, record.View())
}

// checkBodyForm refuses bodies that wrap the file, which would be stored with
// the wrapping.
func checkBodyForm(header http.Header) error {
	if encoding := header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return fanfare.Errorf(fanfare.CodeUnsupportedMedia, "send the file as it is, not with Content-Encoding %q", encoding)
	}
	if media, _, err := mime.ParseMediaType(header.Get("Content-Type")); err == nil && strings.HasPrefix(media, "multipart/") {
		return fanfare.Errorf(fanfare.CodeUnsupportedMedia, "send the file itself as the body, not %s (with curl: --data-binary @file instead of -F)", media)
	}
	return nil
}

func (a *api) findDocument(w http.ResponseWriter, r *http.Request) error {
	record, err := a.documents.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, jsonType, record.View())
}

// documentList is a page of documents, newest first.
type documentList struct {
	Items []document.View `json:"items"`
	Next  string          `json:"next,omitempty"` // ?after= of the next page
}

func (a *api) listDocuments(w http.ResponseWriter, r *http.Request) error {
	params, err := listParams(r)
	if err != nil {
		return err
	}
	page, err := a.documents.List(r.Context(), params)
	if err != nil {
		return err
	}
	list := documentList{Items: make([]document.View, 0, len(page.Items)), Next: page.Next}
	for _, record := range page.Items {
		list.Items = append(list.Items, record.View())
	}
	return writeJSON(w, http.StatusOK, jsonType, list)
}

func listParams(r *http.Request) (document.ListParams, error) {
	params := document.ListParams{After: "", Limit: defaultLimit}
	query := r.URL.Query()
	if text := query.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxLimit {
			return params, fanfare.Errorf(fanfare.CodeInvalidArgument, "limit is %q; give a whole number from 1 to %d", text, maxLimit)
		}
		params.Limit = limit
	}
	if text := query.Get("after"); text != "" {
		after, err := fanfare.ParseGUID(text)
		if err != nil {
			return params, fanfare.Errorf(fanfare.CodeInvalidArgument, "after: give the next of the page before: %w", err)
		}
		params.After = after
	}
	return params, nil
}
