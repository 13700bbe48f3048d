`twistedmq` has `Admin`, `ClientSettings`, `TopicReader` and `load_settings` as well, as `twistedmq.aio` has.
