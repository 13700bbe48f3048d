The store in memory held `memoryStoreBytes` and gave up its oldest messages when it was full, or when they were too old.
