"""The broker about itself: run-time information, settings, housekeeping on request."""
