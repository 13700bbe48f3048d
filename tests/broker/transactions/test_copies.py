from twistedmq.broker.transactions.copies import HalfCopies


def test_a_half_that_was_put_back_ends_with_its_newest_copy() -> None:
    copies = HalfCopies()
    assert copies.same_as(1) == (1,)
    copies.put_back(1, 5)
    copies.put_back(5, 9)
    assert copies.same_as(1) == (1, 9)
    assert copies.same_as(5) == (5, 9)
    assert copies.same_as(9) == (9,)


def test_how_one_of_them_ended_holds_for_all() -> None:
    copies = HalfCopies()
    copies.put_back(1, 5)
    copies.ended(1, 8)
    assert [copies.how_ended(n) for n in (1, 5, 6)] == [8, 8, None]
    copies.not_ended(5)
    assert copies.how_ended(1) is None
    copies.not_ended(5)


def test_it_does_not_remember_without_bound() -> None:
    copies = HalfCopies(most=3)
    for number in range(10):
        copies.put_back(number, 100 + number)
        copies.ended(200 + number, 8)
    assert copies.same_as(0) == (0,)
    assert copies.same_as(9) == (9, 109)
    assert [copies.how_ended(n) for n in (200, 206, 207, 209)] == [None, None, 8, 8]
