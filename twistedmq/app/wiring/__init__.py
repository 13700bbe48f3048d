"""How the parts of a broker are joined: one file for each capability."""
