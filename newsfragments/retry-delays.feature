Messages that could not be consumed come back after a delay that grows with each try, or that the group's retry policy names, until the group's maximum sends them to its dead letter topic.
