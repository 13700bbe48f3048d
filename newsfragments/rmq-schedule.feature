``rmq schedule ls`` showed what waits for its time: delay levels with their next message, timed messages by topic.
