package publishertest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/fanfare-hub/fanfare"
)

// problem is an answer that is an error (RFC 9457).
type problem struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Code   fanfare.Code `json:"code"`
	Index  *int         `json:"index,omitempty"`
}

func refuse(err error) *problem {
	var index *int
	if bad, ok := errors.AsType[*fanfare.BatchError](err); ok {
		index = &bad.Index
	}
	code, detail := fanfare.CodeOf(err), err.Error()
	if e, ok := errors.AsType[*fanfare.Error](err); ok {
		detail = e.Message
	}
	return &problem{
		Type: "/errors/" + string(code), Title: code.Title(), Status: code.HTTPStatus(), Detail: detail, Code: code, Index: index,
	}
}

// Refuse answers with a problem of this code, as a hub does: for [Hub.Before].
func Refuse(w http.ResponseWriter, code fanfare.Code, detail string) {
	write(w, code.HTTPStatus(), "application/problem+json", refuse(&fanfare.Error{Code: code, Message: detail}))
}

func write(w http.ResponseWriter, status int, mediaType string, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone is not the hub's concern
}
