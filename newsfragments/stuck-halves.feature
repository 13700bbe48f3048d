``rmq transactions ls`` and ``Admin.transactions.open()`` listed the halves of transactions on which nobody has decided.
