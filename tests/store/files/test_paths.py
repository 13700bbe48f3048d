from pathlib import Path

from twistedmq.config.store import StoreConfig
from twistedmq.store.files.paths import StorePaths, file_name, is_file_name


def test_files_are_named_by_their_first_byte() -> None:
    assert file_name(65536) == "00000000000000065536"
    assert is_file_name(file_name(1 << 40))
    assert not is_file_name("65536")
    assert not is_file_name("0000000000000006553x")


def test_the_log_may_be_elsewhere() -> None:
    config = StoreConfig(Path("/data"), "/fast/log")
    assert StorePaths(config).commit_log == Path("/fast/log")
    assert StorePaths(StoreConfig(Path("/data"))).commit_log == Path("/data/commitlog")


def test_several_folders_are_taken_apart() -> None:
    config = StoreConfig(Path("/data"), " /a,,/b/, ", "/c")
    assert StorePaths(config).log_folders == (Path("/a"), Path("/b"))
    assert StorePaths(config).read_only_log_folders == (Path("/c"),)


def test_a_colon_is_part_of_a_name_unless_it_is_the_separator() -> None:
    config = StoreConfig(Path("/data"), "/a:b")
    assert StorePaths(config).log_folders == (Path("/a:b"),)
    config = StoreConfig(Path("/data"), "/a:/b", folder_separator=":")
    assert StorePaths(config).log_folders == (Path("/a"), Path("/b"))
