"""Asking clients to slow down."""
