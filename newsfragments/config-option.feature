`rmq` and `mqadmin` took the option `--config FILE`: a client's file with name servers, access keys and TLS.
