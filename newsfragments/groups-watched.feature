Groups whose members subscribe to different things were found and reported: in the log, at `/metrics`, and by `rmq groups`, which also showed members, lag, and which client locks which queue.
