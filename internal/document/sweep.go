package document

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// sweep publishes the job of every document that is not finished, once the
// records have been read and then every interval: whatever a crash lost between
// record and job is queued again. A job that is still stored stays one job.
func (s *Service) sweep(ctx context.Context) error {
	select {
	case <-s.catalog.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	ticker := time.NewTicker(s.sweepInterval)
	defer ticker.Stop()
	for {
		if err := s.sweepOnce(ctx); err != nil && ctx.Err() == nil {
			s.logger.WarnContext(ctx, "sweep broke off; the next one tries again", slog.Any("error", err))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Service) sweepOnce(ctx context.Context) error {
	for _, id := range s.catalog.unfinished() {
		if err := s.jobs.Publish(ctx, id); err != nil {
			return fmt.Errorf("publish job of document %s: %w", id, err)
		}
	}
	return nil
}
