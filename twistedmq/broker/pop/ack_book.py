"""Which lent messages were acknowledged, in memory: for as long as they are lent.

The revive topic says the same, and survives a restart; but an ack comes into it through
the timer, perhaps late. What is here need not be waited for. Pure.
"""

from collections.abc import Callable, Sequence

from twistedmq.broker.pop.checkpoints import LoanKey, mask_of


class _Loan:
    __slots__ = ("mask", "offsets")

    def __init__(self, offsets: Sequence[int]) -> None:
        self.offsets = offsets
        self.mask = 0


class AckBook:
    """The loans of this process that have not been looked at after their time."""

    def __init__(self, limit: Callable[[], int]) -> None:
        """Keep no more loans than *limit* says."""
        self._limit = limit
        self._loans: dict[LoanKey, _Loan] = {}

    def __len__(self) -> int:
        """Count the loans."""
        return len(self._loans)

    def __contains__(self, key: LoanKey) -> bool:
        """Whether this book knows all acks of a loan."""
        return key in self._loans

    def lent(self, key: LoanKey, offsets: Sequence[int]) -> None:
        """Note that messages were lent; does nothing beyond the limit."""
        if len(self._loans) < self._limit():
            self._loans[key] = _Loan(offsets)

    def acked(self, key: LoanKey, offsets: Sequence[int]) -> None:
        """Note acks; those for what is not known are none of this book's."""
        loan = self._loans.get(key)
        if loan is not None:
            loan.mask |= mask_of(loan.offsets, offsets)

    def mask(self, key: LoanKey) -> int:
        """Give the bits of what was acknowledged, by place in the checkpoint."""
        loan = self._loans.get(key)
        return 0 if loan is None else loan.mask

    def forget(self, key: LoanKey) -> None:
        """Drop a loan: it is over."""
        self._loans.pop(key, None)
