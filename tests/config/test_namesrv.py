from pathlib import Path

from twistedmq.config.namesrv import NamesrvConfig


def test_files_lie_in_the_users_home_as_upstreams_do() -> None:
    config = NamesrvConfig()
    assert config.kv_path == Path.home() / "namesrv" / "kvConfig.json"
    assert config.config_path == Path.home() / "namesrv" / "namesrv.properties"
