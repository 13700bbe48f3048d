from pathlib import Path

import pytest

from twistedmq.config.broker import BrokerIdentity, RegistrationConfig
from twistedmq.config.loading import from_option, load_settings, update
from twistedmq.config.namesrv import NamesrvConfig
from twistedmq.config.remoting import RemotingConfig
from twistedmq.config.settings import BlackListedKeyError, ConfigError, LiveSettings
from twistedmq.config.store import FlushMode, StoreConfig
from twistedmq.config.tables import broker_keys, namesrv_keys


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return tmp_path / "broker.conf"


def problems(conf: Path, text: str) -> list[str]:
    conf.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(broker_keys(), config_file=conf)
    return [
        str(problem).replace(str(conf), "FILE") for problem in caught.value.problems
    ]


def test_a_broker_needs_no_file() -> None:
    settings = load_settings(broker_keys())
    assert settings[RemotingConfig].listen_port == 10911
    assert settings[StoreConfig].flush_mode is FlushMode.ASYNC
    assert load_settings(namesrv_keys())[RemotingConfig].listen_port == 9876


def test_a_genuine_file_is_read(conf: Path) -> None:
    conf.write_text(
        "brokerClusterName = DefaultCluster\nbrokerName = broker-a\nbrokerId = 0\n"
        "deleteWhen = 04\nfileReservedTime = 48\nbrokerRole = ASYNC_MASTER\n"
        "maxBatchDeleteFilesNum = 20\n"
        "flushDiskType = SYNC_FLUSH\n"
    )
    settings = load_settings(broker_keys(), config_file=conf)
    assert settings[BrokerIdentity].broker_name == "broker-a"
    assert settings[StoreConfig].flush_mode is FlushMode.SYNC
    assert settings[StoreConfig].reserved_hours == 48
    assert settings.without_effect() == ["maxBatchDeleteFilesNum"]
    assert settings.places["brokerName"] == f"{conf}:2"


def test_option_before_file_before_environment_before_the_commands_default(
    conf: Path,
) -> None:
    def name_server(**given: object) -> tuple[str, ...]:
        settings = load_settings(broker_keys(), **given)  # type: ignore[arg-type]
        return settings[RegistrationConfig].name_servers

    conf.write_text("namesrvAddr=file:1")
    given: dict[str, object] = {"defaults": {"namesrvAddr": "default:1"}}
    assert name_server(**given) == ("default:1",)
    given["environ"] = {"NAMESRV_ADDR": "environment:1", "PATH": "/bin"}
    assert name_server(**given) == ("environment:1",)
    given["config_file"] = conf
    assert name_server(**given) == ("file:1",)
    given["options"] = [from_option("rocketmq.namesrv.addr=option:1")]
    assert name_server(**given) == ("option:1",)


def test_all_mistakes_are_told_at_once_with_file_line_key_value_and_what_is_allowed(
    conf: Path,
) -> None:
    told = problems(
        conf,
        "# mine\nflushDiskTyp=SYNC_FLUSH\nlistenPort=99999\n\nbrokerRole=SLAVE\n"
        "autoCreateTopicEnable=yes\nenableLmq=maybe\nflushDiskType=SYNC\n",
    )
    assert told == [
        "FILE:2: flushDiskTyp: the broker has no such setting; did you mean "
        "flushDiskType?",
        "FILE:3: listenPort=99999: not allowed; allowed is a whole number from 3 to "
        "65535",
        "FILE:5: brokerRole=SLAVE: refused, this release keeps no replicas; allowed is "
        "ASYNC_MASTER",
        "FILE:6: autoCreateTopicEnable=yes: not allowed; allowed is true or false",
        "FILE:7: enableLmq=maybe: not allowed; allowed is true or false",
        "FILE:8: flushDiskType=SYNC: not allowed; allowed is one of ASYNC_FLUSH, "
        "SYNC_FLUSH",
    ]


def test_a_mistake_is_told_even_where_an_option_overrides_it(conf: Path) -> None:
    conf.write_text("listenPort=x")
    with pytest.raises(ConfigError, match="listenPort=x"):
        load_settings(
            broker_keys(), config_file=conf, options=[from_option("listenPort=1")]
        )


@pytest.mark.parametrize("key", ["aclEnable", "authenticationEnabled"])
def test_access_control_is_not_pretended(conf: Path, key: str) -> None:
    conf.write_text(f"{key}=false")
    load_settings(broker_keys(), config_file=conf)
    assert "no access control" in problems(conf, f"{key}=true")[0]


def test_what_the_environment_sets_in_vain_is_not_told_again() -> None:
    settings = load_settings(namesrv_keys(), environ={"ROCKETMQ_HOME": "/opt/mq"})
    assert settings.without_effect() == []
    assert settings.places["rocketmqHome"] == "environment variable ROCKETMQ_HOME"


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_settings(broker_keys(), config_file=tmp_path / "no.conf")


def test_a_broken_escape_is_told_with_its_place(conf: Path) -> None:
    assert problems(conf, "a=1\nbrokerName=\\u00g0") == [
        r"FILE:2: \u00g0 is no character"
    ]


@pytest.mark.parametrize("text", ["listenPort", "=1", ""])
def test_an_option_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="KEY=VALUE"):
        from_option(text)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(
            broker_keys(), options=[from_option("tls.server.keyPasword=geheim")]
        )
    assert "geheim" not in str(caught.value)
    assert "tls.server.keyPassword" in str(caught.value)


def test_a_certificate_comes_with_its_key() -> None:
    with pytest.raises(ConfigError, match="given together"):
        load_settings(
            broker_keys(), options=[from_option("tls.server.certPath=/c.pem")]
        )


def test_without_test_mode_a_certificate_is_asked_for() -> None:
    strict = from_option("tls.test.mode.enable=false")
    with pytest.raises(ConfigError, match="asks for"):
        load_settings(broker_keys(), options=[strict])
    load_settings(
        broker_keys(), options=[strict, from_option("tls.server.mode=disabled")]
    )


def test_an_update_changes_what_runs_and_keeps_it() -> None:
    kept: dict[str, str] = {}
    live = LiveSettings(load_settings(namesrv_keys()), kept.update)
    names = update(live, "orderMessageEnable=true\nmaxTopics=5\n", ())
    assert names == ["orderMessageEnable", "maxTopics"]
    assert live.live(NamesrvConfig).value.order_messages
    assert kept == {"orderMessageEnable": "true", "maxTopics": "5"}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("orderMessageEnable=true\nkvConfigPath=x", BlackListedKeyError),
        ("orderMessageEnable=true\nnonsense=x", ConfigError),
        ("orderMessageEnable=true\nlistenPort=x", ConfigError),
        ("orderMessageEnable=true\ntls.test.mode.enable=false", ConfigError),
        ("orderMessageEnable=true\nclusterTest=true", ConfigError),
        ("orderMessageEnable=\\u1", ConfigError),
    ],
)
def test_a_refused_update_changes_nothing(text: str, error: type[Exception]) -> None:
    kept: dict[str, str] = {}
    live = LiveSettings(load_settings(namesrv_keys()), kept.update)
    with pytest.raises(error):
        update(live, text, ("kvConfigPath",))
    assert not live.live(NamesrvConfig).value.order_messages
    assert kept == {}
