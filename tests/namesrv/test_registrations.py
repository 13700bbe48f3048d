from twistedmq.namesrv.registrations import MinIdChange


def test_a_lonely_broker_is_told_of_itself() -> None:
    assert MinIdChange({0: "a:1"}).to_tell() == ["a:1"]


def test_a_newcomer_is_not_told_of_itself() -> None:
    assert MinIdChange({0: "a:1", 1: "b:1"}).to_tell() == ["b:1"]


def test_those_who_are_left_are_all_told() -> None:
    change = MinIdChange({1: "b:1", 2: "c:1"}, offline_address="a:1")
    assert change.to_tell() == ["b:1", "c:1"]
