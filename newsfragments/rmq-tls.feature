``rmq tls init`` made a certificate authority and a server certificate; ``rmq tls check`` showed what a port shows, and whether clients would take it.
