``rmq check broker.conf`` told all that a server would refuse in a file of settings, and what has no effect there, with lines.
