The topic attribute `reserve.time` let the messages of a topic expire earlier than all others.
