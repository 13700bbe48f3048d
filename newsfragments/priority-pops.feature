Topics of the message type `PRIORITY` are popped from their last queue on, as far as a group's `priority.factor` says.
