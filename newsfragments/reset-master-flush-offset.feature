``mqadmin resetMasterFlushOffset`` was there: it set what a slave believes that its master has flushed.
