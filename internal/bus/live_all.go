package bus

import (
	"context"

	"github.com/nats-io/nats.go"

	"github.com/fanfare-hub/fanfare"
)

// LiveAll hands everything that is stored after its subscription to deliver,
// from this goroutine, until ctx ends. It is for an App without a feed and goes
// with the change that gives it one.
func (b *Bus) LiveAll(ctx context.Context, deliver func(fanfare.Stored)) error {
	s, err := b.current()
	if err != nil {
		return err
	}
	all := make(chan *nats.Msg, liveShards*liveQueueLen)
	sub, err := s.conn.ChanSubscribe(livePrefix+">", all)
	if err != nil {
		return translate("read the live feed", err)
	}
	b.readShard(ctx, all, deliver)
	_ = sub.Unsubscribe() // an error says that the connection has ended
	return nil
}
