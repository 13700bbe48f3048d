"""TwistedMQ: Apache RocketMQ's broker, name server and client, on Twisted."""

__version__ = "0.1.0.dev0"
