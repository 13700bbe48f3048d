Transactional messages were added: a half waits unseen until its producer commits it or rolls it back.
