``rmq`` got ``offsets`` (reset with a dry run and an undo file), ``dlq`` (list, show, export and replay), ``clients`` and ``msg explain``.
