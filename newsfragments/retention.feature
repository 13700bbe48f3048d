Old commit log files, and the queue and index files that point to them, were deleted by age (`fileReservedTime`, `deleteWhen`), by disk use, and on request.
