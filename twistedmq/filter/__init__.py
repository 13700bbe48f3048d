"""Subscriptions as predicates: which messages of a topic a group wants."""
