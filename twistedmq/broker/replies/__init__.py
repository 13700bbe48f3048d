"""Replies to requests between clients: handed to the requester, and stored."""
