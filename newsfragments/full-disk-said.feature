A refusal because of a full or failing disk named the file, how full its disk is, and that it is tried again; the log said it once, and once more when messages were stored again.
