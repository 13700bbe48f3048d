The client can send a request and wait for its reply (`Producer.request`), and reply to one (`Producer.reply`).
