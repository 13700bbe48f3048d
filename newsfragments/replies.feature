Replies need not be stored (`storeReplyMessageEnable=false`), and one that is too large for the store reaches its requester all the same.
