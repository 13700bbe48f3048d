Our client sent messages in transactions (`producer.send_in_transaction`) and answered brokers that asked what became of them.
