package api

import (
	"mime"
	"net/http"
	"net/url"
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
func (a *API) uploadDocument(w http.ResponseWriter, r *http.Request) error {
	if err := checkBodyForm(r.Header); err != nil {
		return err
	}
	record, err := a.documents.Upload(r.Context(), document.UploadParams{
		Name:  r.URL.Query().Get("name"),
		Owner: "",
		Size:  r.ContentLength,
		Body:  a.body(w, r, bodyParams{what: "document", limit: a.maxUpload}),
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/documents/"+record.ID)
	return writeJSON(w, http.StatusCreated, jsonType, record.View())
}

// checkBodyForm refuses bodies that wrap what is sent, which would be taken
// with the wrapping.
func checkBodyForm(header http.Header) error {
	if encoding := header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return fanfare.Errorf(fanfare.CodeUnsupportedMedia, "send the body as it is, not with Content-Encoding %q", encoding)
	}
	if media, _, err := mime.ParseMediaType(header.Get("Content-Type")); err == nil && strings.HasPrefix(media, "multipart/") {
		return fanfare.Errorf(fanfare.CodeUnsupportedMedia, "send the content itself as the body, not %s (with curl: --data-binary @file instead of -F)", media)
	}
	return nil
}

func (a *API) findDocument(w http.ResponseWriter, r *http.Request) error {
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

func (a *API) listDocuments(w http.ResponseWriter, r *http.Request) error {
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
	query := r.URL.Query()
	limit, err := limitOf(query)
	if err != nil {
		return document.ListParams{After: "", Limit: 0}, err
	}
	params := document.ListParams{After: "", Limit: limit}
	if text := query.Get("after"); text != "" {
		after, err := fanfare.ParseGUID(text)
		if err != nil {
			return params, fanfare.Errorf(fanfare.CodeInvalidArgument, "after: give the next of the page before: %w", err)
		}
		params.After = after
	}
	return params, nil
}

// limitOf is how many items a page of any list may have.
func limitOf(query url.Values) (int, error) {
	text := query.Get("limit")
	if text == "" {
		return defaultLimit, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxLimit {
		return 0, fanfare.Errorf(fanfare.CodeInvalidArgument, "limit is %q; give a whole number from 1 to %d", text, maxLimit)
	}
	return limit, nil
}
