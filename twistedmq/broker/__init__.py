"""The broker: one folder per capability, each a thin handler table over a pure core."""
