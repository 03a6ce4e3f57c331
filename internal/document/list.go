package document

import (
	"context"

	"github.com/fanfare-hub/fanfare"
)

// maxPageBytes ends a page early, so that 500 documents with all the places
// of their findings do not stand in memory at once.
const maxPageBytes = 4 << 20

// ListParams asks for a page of the list.
type ListParams struct {
	After string // id of the last document of the page before, "" for the first page
	Limit int    // greater than 0
}

// Page is a part of the list of documents, newest first.
type Page struct {
	Items []Record
	Next  string // the After of the next page, "" when there is none
}

// List gives a page of the documents, newest first: at most Limit, fewer when
// they are large. An After that is no document's id is a place in the order all
// the same. Before the records have been read at the start it is
// [fanfare.CodeUnavailable].
func (s *Service) List(ctx context.Context, params ListParams) (Page, error) {
	if !s.catalog.isComplete() {
		return Page{}, fanfare.Errorf(fanfare.CodeUnavailable, "the documents are still being read after the start; try again in a moment")
	}
	ids := s.catalog.before(params.After, params.Limit+1)
	var page Page
	size := 0
	for _, id := range ids {
		if len(page.Items) == params.Limit || size >= maxPageBytes {
			page.Next = page.Items[len(page.Items)-1].ID
			break
		}
		found, err := s.load(ctx, id)
		if err != nil {
			return Page{}, err
		}
		size += found.bytes
		page.Items = append(page.Items, found.record)
	}
	return page, nil
}
