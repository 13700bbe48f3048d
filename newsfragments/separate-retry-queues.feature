With `useSeparateRetryQueue=true` messages that come back after a pop keep their queue, and so their priority.
