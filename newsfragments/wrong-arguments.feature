A producer refused numbers out of their range, and a queue of another topic than the message's, before anything was sent.
