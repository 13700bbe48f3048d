A proxy can wait to be told that there is something to pop (`NOTIFICATION`), and ask how many pops wait (`POLLING_INFO`).
