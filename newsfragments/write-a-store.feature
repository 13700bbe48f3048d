A guide, `docs/write-a-store.md`, led from an empty directory to a store that a broker runs on, and conformance suites for restarts, crashes and full disks came with it.
