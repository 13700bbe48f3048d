Producers learned to try another broker where a message was stored less safely than asked (`retry_unless_ok`), and after refusals of one's choice (`retry_codes`).
