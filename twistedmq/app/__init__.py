"""Composition roots: the parts are built and joined here, and only here."""
