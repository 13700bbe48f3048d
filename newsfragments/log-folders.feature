The commit log could be spread over several folders (``storePathCommitLog`` with commas) and taken from folders that get no new files (``readOnlyCommitLogStorePaths``), as the genuine broker does.
