Messages that a disk had spoiled were no longer given out: what was found in files at the start, or had to be waited for, was held against its queue entry and its checksum first.
