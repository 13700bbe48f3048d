Transactional messages were added: a half waits unseen until its producer commits it or rolls it back; who says nothing is asked, as by the genuine broker.
