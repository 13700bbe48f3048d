"""What happens to replies beside that they are handed over."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RepliesConfig:
    """Replies of consumers to producers that wait for one."""

    stored: bool = True
    """Keep each in the reply topic of the cluster, where people can look for it."""
