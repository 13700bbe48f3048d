Replies between clients (SEND_REPLY_MESSAGE) were handed to the producer that waits, and kept in the reply topic.
