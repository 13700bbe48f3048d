Servers accepted TLS and plain connections on one port, with a certificate from the settings or one made for the run.
