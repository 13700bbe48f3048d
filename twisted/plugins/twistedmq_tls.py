"""Announces the transport security "tls" to Twisted's plugin system."""

from twistedmq_tls import TlsFactory

tls = TlsFactory()
