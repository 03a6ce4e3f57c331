package signalr

// taskKind says what a task asks of a shard.
type taskKind int

const (
	taskSend     taskKind = iota // message to target
	taskOwn                      // bytes to conn alone: an answer
	taskControl                  // bytes to conn alone, which stateful reconnect does not count
	taskRegister                 // conn is known from now on; bytes go first
	taskWatch                    // conn, which has no hub, is known from now on
	taskJoin                     // hub's connection id into the group of that name
	taskLeave                    // hub's connection id out of it
	taskFinish                   // conn ends with its last frames
	taskRemove                   // conn is forgotten
	taskItem                     // bytes to conn alone, booked in its queue
	taskAsk                      // message to hub's connection id, if it can be asked question
	taskPump                     // conn may be able to send what waits
	taskAway                     // conn's socket is lost, if it is still that one; done is closed
	taskBack                     // conn has come back with socket
	taskForget                   // conn drops what waits of the keys of that name, and begins them anew
	taskFence                    // done is closed when all before it is written or queued
)

// taskCost is what a task itself takes of an inbox's bound, in bytes.
const taskCost = 128

// task is one entry of a shard's inbox. Which fields count depends on the
// kind. The bytes are whole frames and are never changed.
type task struct {
	kind    taskKind
	conn    *connection
	bytes   []byte
	target  *Target
	message *message
	hub     *Hub
	id      string
	name    string // of a group or a key

	question *question
	socket   *webSocket
	done     chan struct{}
}

func (t *task) size() int {
	size := taskCost + len(t.bytes) + len(t.name)
	if t.message != nil {
		size += t.message.size
	}
	return size
}
