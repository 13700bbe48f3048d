A client that is used in a process forked from its own said so with a ForkedError, and left the connections of its process alone.
