from pathlib import Path

from twistedmq.config.keys_store import check_log_folders, check_seals


def told(folders: str, read_only: str = "", separator: str = ",") -> str | None:
    values = {
        "storePathCommitLog": folders,
        "readOnlyCommitLogStorePaths": read_only,
        "multiPathSplitter": separator,
        "storePathRootDir": Path("/data"),
    }
    return check_log_folders(values.__getitem__)


def test_new_files_of_the_log_must_have_somewhere_to_go() -> None:
    assert told("") is None
    assert told("", "/a") is None
    assert told("", "/a,/data/commitlog/") is not None
    assert told("/a,/b", "/a") is None
    assert told("/a:/b", "/a:/b:/c", ":") == (
        "readOnlyCommitLogStorePaths=/a:/b:/c holds every folder of "
        "storePathCommitLog: at least one must take new files"
    )
    assert told("/a, /b", "/b ,/a") is not None


def test_whoever_asks_for_checksums_writes_them() -> None:
    values = {"forceVerifyPropCRC": True, "enabledAppendPropCRC": True}
    assert check_seals(values.__getitem__) is None
    values["enabledAppendPropCRC"] = False
    assert "set enabledAppendPropCRC=true" in str(check_seals(values.__getitem__))
    values["forceVerifyPropCRC"] = False
    assert check_seals(values.__getitem__) is None
