"""How far the members of broadcasting groups are, as far as a broker has to know."""
