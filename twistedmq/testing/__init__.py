"""Fakes, simulated machines and contract tests, for this project and for plugin authors."""
