`broker.conf` takes every genuine key: each has its effect, is accepted without one yet, or is refused with the reason; all mistakes are told at once with file, line and what is allowed.
