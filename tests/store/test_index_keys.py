from hypothesis import example, given
from hypothesis import strategies as st

from twistedmq.protocol import properties
from twistedmq.protocol.properties import java_hash
from twistedmq.store.index_interfaces import IndexItem
from twistedmq.store.index_keys import find_key, hashes_of, keys_of, positive

texts = st.text(
    st.characters(exclude_characters="\x01\x02 ", exclude_categories=["Cs"]),
    min_size=1,
)


@given(texts, texts, st.lists(texts), texts)
@example("T", "U", ["a" * 300, "键一", "🙂x"], "tag")
def test_the_hashes_are_those_of_the_texts(
    topic: str, unique: str, words: list[str], tag: str
) -> None:
    named = {"UNIQ_KEY": unique, "KEYS": " ".join(words), "TAGS": tag}
    encoded = properties.format({k: v for k, v in named.items() if v})
    keys = keys_of(IndexItem(topic, encoded, 0, 0))
    assert hashes_of(topic, encoded) == [positive(java_hash(key)) for key in keys]


def test_a_tag_is_kept_apart_from_keys() -> None:
    assert find_key("T", "a", "") == "T#a"
    assert find_key("T", "a", "T") == "T#T#a"


def test_the_one_hash_without_an_opposite_is_zero() -> None:
    assert positive(-(1 << 31)) == 0
    assert positive(-5) == 5
    assert positive(5) == 5


def test_a_record_without_keys_is_under_none() -> None:
    assert hashes_of("T", b"") == []
    assert list(keys_of(IndexItem("T", b"A\x01b\x02KEYS\x01\x02", 0, 0))) == []


def test_a_name_that_only_ends_like_one_that_counts_is_another() -> None:
    encoded = b"XKEYS\x01a\x02MYTAGS\x01t\x02KEYS\x01b c"
    keys = keys_of(IndexItem("T", encoded, 0, 0))
    assert hashes_of("T", encoded) == [positive(java_hash(key)) for key in keys]
    assert hashes_of("T", encoded) == hashes_of("T", b"KEYS\x01b c\x02")
