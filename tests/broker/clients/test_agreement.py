from hypothesis import given
from hypothesis import strategies as st

from twistedmq.broker.clients.agreement import Opinion, Wish, Wishes, wish_of
from twistedmq.protocol.bodies import SubscriptionData
from twistedmq.testing.connections import FakeConnection


def wish(*expressions: tuple[str, str], kind: str = "TAG") -> Wish:
    return wish_of(
        SubscriptionData(topic=topic, sub_string=text, expression_type=kind)
        for topic, text in expressions
    )


def test_what_means_the_same_is_the_same() -> None:
    assert wish(("T", "a || b")) == wish(("T", "b||a||a"))
    assert wish(("T", "*")) == wish(("T", ""))
    assert wish(("T", "*"), ("%RETRY%G", "*")) == wish(("T", "*"))
    assert wish(("T", "a")) != wish(("T", "a"), kind="SQL92")


def test_members_that_want_the_same_agree() -> None:
    wishes = Wishes()
    one, two = FakeConnection(), FakeConnection()
    assert wishes.note(one, wish(("T", "a")))
    assert not wishes.note(two, wish(("T", "a")))
    assert wishes.of(two) is wishes.of(one)
    assert not wishes.differ
    assert wishes.opinions({}) == []


def test_who_wants_what_is_told_by_topic() -> None:
    wishes = Wishes()
    one, two, three = FakeConnection(), FakeConnection(), FakeConnection()
    wishes.note(one, wish(("same", "*"), ("T", "a")))
    wishes.note(two, wish(("same", "*"), ("T", "b"), ("S", "*")))
    wishes.note(three, wish(("same", "*"), ("T", "a")))
    assert wishes.opinions({one: "c1", two: "c2", three: "c3"}) == [
        Opinion("S", "", "", ("c1", "c3")),
        Opinion("S", "TAG", "*", ("c2",)),
        Opinion("T", "TAG", "a", ("c1", "c3")),
        Opinion("T", "TAG", "b", ("c2",)),
    ]


def test_a_change_is_told_once() -> None:
    wishes = Wishes()
    one, two = FakeConnection(), FakeConnection()
    wishes.note(one, wish(("T", "a")))
    assert wishes.note(two, wish(("T", "b")))
    assert not wishes.note(two, wish(("T", "b")))
    assert wishes.note(two, wish(("T", "a")))
    assert not wishes.differ


def test_who_has_not_subscribed_yet_has_no_opinion() -> None:
    wishes = Wishes()
    one, two = FakeConnection(), FakeConnection()
    wishes.note(one, wish(("T", "a")))
    assert not wishes.note(two, wish())
    assert not wishes.differ
    assert wishes.of(two) == frozenset()


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["", "a", "b", "c"]))))
def test_a_group_differs_while_two_members_do(steps: list[tuple[int, str]]) -> None:
    members = [FakeConnection() for _ in range(4)]
    wishes, known = Wishes(), dict[int, str]()
    for number, text in steps:
        before = set(known.values())
        if text:
            known[number] = text
            changed = wishes.note(members[number], wish(("T", text)))
        else:
            known.pop(number, None)
            changed = wishes.forget(members[number])
        assert wishes.differ == (len(set(known.values())) > 1)
        assert changed or before == set(known.values())
