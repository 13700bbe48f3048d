`broker.conf` took every genuine key: each had its effect, was accepted without one yet, or was refused with the reason; all mistakes were told at once with file, line and what is allowed.
