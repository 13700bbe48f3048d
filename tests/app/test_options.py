from pathlib import Path

import pytest

from twistedmq.app.options import (
    ServerOptions,
    StoreOptions,
    Wanted,
    print_if_asked,
    read_settings,
)
from twistedmq.config.broker import BrokerIdentity, RegistrationConfig
from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.config.remoting import RemotingConfig
from twistedmq.config.settings import ConfigError, Settings
from twistedmq.config.tables import broker_keys, namesrv_keys

BROKER = Wanted(broker_keys())
NAMESRV = Wanted(
    namesrv_keys(),
    under_data={"kvConfigPath": "namesrv/kvConfig.json"},
    not_mine=frozenset({"listenPort"}),
)


def parse(*arguments: object) -> ServerOptions:
    options = StoreOptions()
    options.parseOptions([str(a) for a in arguments])
    return options


def read(
    options: ServerOptions, wanted: Wanted = BROKER, environ: dict | None = None
) -> Settings:
    return read_settings(options, [wanted], environ or {})[0]


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "broker.conf"
    path.write_text("brokerName=from-file\nnamesrvAddr=10.0.0.1:1\n")
    return path


def test_an_option_goes_before_the_file_and_that_before_the_environment(
    conf: Path,
) -> None:
    environ = {"NAMESRV_ADDR": "10.0.0.2:2"}

    def servers(*arguments: object) -> tuple[str, ...]:
        return read(parse(*arguments), environ=environ)[RegistrationConfig].name_servers

    assert servers() == ("10.0.0.2:2",)
    assert servers("-c", conf) == ("10.0.0.1:1",)
    assert servers("-c", conf, "-n", "10.0.0.3:3") == ("10.0.0.3:3",)


def test_set_goes_before_the_file(conf: Path) -> None:
    options = parse("-c", conf, "--set", "brokerName=other")
    assert read(options)[BrokerIdentity].broker_name == "other"


def test_files_are_kept_below_the_data_directory(tmp_path: Path) -> None:
    found = read(parse("--data", tmp_path), NAMESRV)
    assert found[NamesrvConfig].kv_path == tmp_path / "namesrv" / "kvConfig.json"


def test_a_setting_goes_before_the_data_directory(tmp_path: Path) -> None:
    found = read(parse("--set", "kvConfigPath=/x/kv", "--data", tmp_path), NAMESRV)
    assert found[NamesrvConfig].kv_path == Path("/x/kv")


def test_each_server_takes_its_own_settings() -> None:
    options = parse("--set", "listenPort=5000", "--set", "brokerInactiveMillis=7")
    broker, namesrv = read_settings(options, [BROKER, NAMESRV], {})
    assert broker[RemotingConfig].listen_port == 5000
    assert namesrv[RemotingConfig].listen_port == 9876
    assert namesrv[NamesrvConfig].inactive_after_ms == 7


def test_all_mistakes_are_told_at_once(conf: Path) -> None:
    conf.write_text("listenPort=high\nbrokerNane=x\n")
    with pytest.raises(ConfigError) as error:
        read_settings(parse("-c", conf, "--set", "maxTopics=no"), [BROKER, NAMESRV], {})
    port, name, topics = error.value.problems
    assert port.place == f"{conf}:1"
    assert "brokerName" in name.text
    assert topics.place == "option --set"


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read"):
        read(parse("-c", tmp_path / "none.conf"))


def test_changes_made_while_running_are_read_where_no_file_is_named(
    tmp_path: Path, conf: Path
) -> None:
    kept = tmp_path / "kept.properties"
    kept.write_text("brokerName=changed\n")
    wanted = Wanted(broker_keys(), kept_changes=lambda _: kept)
    assert read(parse(), wanted)[BrokerIdentity].broker_name == "changed"
    assert read(parse("-c", conf), wanted)[BrokerIdentity].broker_name == "from-file"


def test_wrong_usage_has_a_status_of_its_own(capsys) -> None:
    for arguments in (["--nonsense"], ["--set", "novalue"]):
        with pytest.raises(SystemExit) as end:
            parse(*arguments)
        assert end.value.code == 2
    assert "KEY=VALUE" in capsys.readouterr().err


def test_settings_are_printed_when_asked(capsys) -> None:
    options = parse("-p")
    with pytest.raises(SystemExit) as end:
        print_if_asked(options, [read(options)])
    assert end.value.code == 0
    assert "autoCreateTopicEnable=true\n" in capsys.readouterr().out
    print_if_asked(parse(), [])
