"""Sockets and frames; knows no topics.

In reading order: interfaces, protocol, dispatch, outbox, server, sniffer, client.
"""
