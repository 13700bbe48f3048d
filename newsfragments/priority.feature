A message with a priority is stored in the queue of that number; topics may have the message type `PRIORITY`, and groups the attribute `priority.factor`.
