``mqadmin startMonitoring`` was there: once a minute it told what each group has left to consume, whether its members want the same, and what hangs.
