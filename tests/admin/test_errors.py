from twistedmq.admin.errors import NotThereError


def test_what_there_is_instead_is_told() -> None:
    error = NotThereError("cluster", "c", ["a", "b"])
    assert str(error) == "there is no cluster 'c', only a, b"
    assert str(NotThereError("cluster", "c", [])).endswith("only none at all")
