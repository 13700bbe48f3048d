Figures for Prometheus at ``/metrics`` (``metricsExporterType=PROM``), with the genuine names and labels; ``twist rmq`` has them beside the HTTP address list.
