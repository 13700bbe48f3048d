Our consumer told operators where its functions wait (`mqadmin consumerStatus -s true`), which queues it has locked, and that it consumes in order.
