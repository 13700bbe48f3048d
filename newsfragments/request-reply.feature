Request and reply between clients: SEND_REPLY_MESSAGE hands the reply to the waiting producer and keeps it.
