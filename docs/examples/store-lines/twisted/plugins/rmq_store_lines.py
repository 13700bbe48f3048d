"""Makes ``--store lines`` known to ``twisted.plugin``."""

from rmq_store_lines import LinesFactory

lines = LinesFactory()
