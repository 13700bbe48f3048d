`client_security` gives clients TLS that verifies servers, by their own roots or those of the system, and shows a certificate.
