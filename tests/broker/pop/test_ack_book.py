from twistedmq.broker.pop.ack_book import AckBook
from twistedmq.broker.pop.checkpoints import LoanKey

KEY: LoanKey = ("T", "G", 0, 5, 17)


def test_acks_of_a_loan_are_known_until_it_is_over() -> None:
    book = AckBook(lambda: 10)
    book.lent(KEY, range(5, 8))
    assert book.mask(KEY) == 0
    book.acked(KEY, [5, 7])
    book.acked(KEY, [7, 99])
    assert book.mask(KEY) == 0b101
    assert KEY in book
    book.forget(KEY)
    assert (book.mask(KEY), len(book)) == (0, 0)


def test_what_was_not_lent_here_is_not_kept() -> None:
    book = AckBook(lambda: 1)
    book.acked(KEY, [5])
    assert len(book) == 0
    book.lent(KEY, [5])
    book.lent(("U", "G", 0, 5, 17), [5])
    assert len(book) == 1
