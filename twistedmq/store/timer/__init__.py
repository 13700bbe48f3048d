"""The files of the genuine timer wheel: what is due when, and how far that is done."""
