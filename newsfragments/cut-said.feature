Recovery said what it cut off the log, with the bytes and whole records, passed over damage in what had been on the disk before, and made queues anew that had lost entries.
