"""Fakes, simulated machines and contract tests, for us and for plugin authors."""
