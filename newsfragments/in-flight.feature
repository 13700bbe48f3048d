A producer had no more on its way than `InFlightLimits` said: sends waited for room, or failed with `ProducerFullError`.
