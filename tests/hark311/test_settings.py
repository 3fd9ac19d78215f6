"""Settings: environment over hark.toml over defaults; what cannot be used is refused by name, and never by value."""

from pathlib import Path

import pytest

from hark311 import wiring
from hark311.settings import SettingsError, TelegramAccount, XAccount, is_loopback, load
from hark311.simulated import accounts_of, city_of, has_city, simulator_port, simulator_settings
from models import Channel

X_KEYS = ("bearer_token", "consumer_key", "consumer_secret", "access_token", "access_token_secret")
CITY = '[open311]\nbase_url = "https://city.example/open311/v2"\n'


def _toml(data: Path, text: str) -> None:
    (data / "hark.toml").write_text(text)


def _refused(data: Path, **overrides: object) -> str:
    with pytest.raises(SettingsError) as refused:
        load(data, **overrides)
    assert "Traceback" not in str(refused.value)
    return str(refused.value)


def test_without_settings_the_product_talks_to_its_own_simulator(tmp_path: Path) -> None:
    settings = load(tmp_path)
    accounts = accounts_of(settings)
    assert settings.simulated
    assert set(accounts) == set(Channel) - {Channel.PARTNER}
    assert all(is_loopback(account.base_url) for account in accounts.values())
    assert is_loopback(city_of(settings).base_url)
    assert settings.data == tmp_path
    assert simulator_port(settings) == settings.port + 1000


def test_the_command_line_beats_the_environment_which_beats_the_file_which_beats_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (load(tmp_path).port, load(tmp_path).city_name) == (8311, "Philly311")
    _toml(tmp_path, 'port = 1111\ncity_name = "From the file"\nhold_seconds = 3\n')
    assert load(tmp_path).port == 1111
    monkeypatch.setenv("HARK_PORT", "2222")
    assert load(tmp_path).port == 2222
    assert load(tmp_path, port=3333).port == 3333
    assert load(tmp_path, port=None).port == 2222
    assert (load(tmp_path).city_name, load(tmp_path).hold_seconds) == ("From the file", 3)


def test_the_data_directory_comes_from_the_command_line_else_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARK_DATA", str(tmp_path / "by-environment"))
    assert load().data == tmp_path / "by-environment"
    assert load(tmp_path / "by-option").data == tmp_path / "by-option"
    monkeypatch.chdir(tmp_path)
    assert load(Path("here")).data == tmp_path / "here"


def test_an_unknown_key_in_the_environment_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARK_PROT", "do-not-tell-4711")
    said = _refused(tmp_path)
    assert "HARK_PROT is not a setting" in said
    assert "4711" not in said


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("prot = 4711", "prot"),
        ('[notify]\nsmtp_hots = "do-not-tell-4711"', "notify.smtp_hots"),
        (CITY + 'base_ulr = "do-not-tell-4711"', "open311.base_ulr"),
        (
            CITY + '[accounts.a]\nchannel = "telegram"\ntoken = "1:b"\ntoken_two = "4711"',
            "accounts.a.telegram.token_two",
        ),
        ("port = 471100", "port"),
        ('port = "do-not-tell-4711"', "port"),
        ("city_time_zone = 4711", "city_time_zone"),
        ("hold_seconds = -4711", "hold_seconds"),
    ],
)
def test_a_key_of_the_file_that_cannot_be_used_is_named_and_its_value_is_not(
    tmp_path: Path, text: str, named: str
) -> None:
    _toml(tmp_path, text)
    said = _refused(tmp_path)
    assert f"{named}: " in said
    assert "4711" not in said


@pytest.mark.parametrize("content", [b"port = [", b'port = "\xff\xfe"', b"port = 1\nport = 2\n"])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "hark.toml").write_bytes(content)
    assert str(tmp_path / "hark.toml") in _refused(tmp_path)


def test_an_environment_value_that_is_no_json_names_its_field_and_not_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARK_ACCOUNTS", "{secret-4711")
    said = _refused(tmp_path)
    assert "accounts" in said
    assert "hark.toml" not in said
    assert "4711" not in said


def test_accounts_are_set_by_environment_and_named_freely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARK_OPEN311__BASE_URL", "https://city.example/open311/v2")
    monkeypatch.setenv("HARK_ACCOUNTS__PHILLY__CHANNEL", "telegram")
    monkeypatch.setenv("HARK_ACCOUNTS__PHILLY__TOKEN", "311:secret-token-4711")
    monkeypatch.setenv("HARK_ACCOUNTS__CITYX__CHANNEL", "x")
    for key in X_KEYS:
        monkeypatch.setenv(f"HARK_ACCOUNTS__CITYX__{key.upper()}", f"secret-{key}-4711")
    settings = load(tmp_path)
    assert not settings.simulated
    philly, city_x = settings.accounts["philly"], settings.accounts["cityx"]
    assert isinstance(philly, TelegramAccount)
    assert isinstance(city_x, XAccount)
    assert philly.token.get_secret_value() == "311:secret-token-4711"
    assert philly.base_url == "https://api.telegram.org"
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "4711" not in shown


def test_half_an_account_is_refused_with_the_missing_keys_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARK_OPEN311__BASE_URL", "https://city.example/open311/v2")
    monkeypatch.setenv("HARK_ACCOUNTS__CITYX__CHANNEL", "x")
    monkeypatch.setenv("HARK_ACCOUNTS__CITYX__BEARER_TOKEN", "secret-4711")
    said = _refused(tmp_path)
    assert all(f"accounts.cityx.x.{key}" in said for key in X_KEYS[1:])
    assert "4711" not in said
    monkeypatch.delenv("HARK_ACCOUNTS__CITYX__CHANNEL")
    assert "accounts.cityx" in _refused(tmp_path)


def test_an_account_without_a_city_is_refused(tmp_path: Path) -> None:
    _toml(tmp_path, '[accounts.a]\nchannel = "telegram"\ntoken = "1:secret-4711"\n')
    said = _refused(tmp_path)
    assert "say where requests are filed" in said
    assert "4711" not in said


def test_a_city_that_is_told_by_mail_alone_needs_no_open311(tmp_path: Path) -> None:
    _toml(
        tmp_path,
        '[accounts.a]\nchannel = "telegram"\ntoken = "1:secret-4711"\n'
        '[destinations.mail]\nkind = "email"\nsmtp_host = "mail.example"\nsender = "311@city.example"\n',
    )
    settings = load(tmp_path)
    assert not settings.simulated
    assert not has_city(settings)
    with pytest.raises(SettingsError, match="open311 is not set"):
        city_of(settings)


def test_a_city_without_an_account_never_listens_to_the_simulator(tmp_path: Path) -> None:
    _toml(tmp_path, CITY)
    settings = load(tmp_path)
    assert not settings.simulated
    assert accounts_of(settings) == {}


def test_the_simulator_refuses_to_start_beside_a_live_account(tmp_path: Path) -> None:
    live = '[accounts.city]\nchannel = "telegram"\ntoken = "1:secret-4711"\n'
    _toml(tmp_path, CITY + live)
    with pytest.raises(SettingsError, match=r"does not start beside a live account \(city\)") as refused:
        simulator_settings(load(tmp_path))
    assert "4711" not in str(refused.value)
    _toml(tmp_path, CITY + live + 'base_url = "http://127.0.0.1:9311/telegram"\n')
    assert simulator_settings(load(tmp_path)).port == 9311


def test_a_secret_key_that_is_too_short_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARK_SECRET_KEY", "short-4711")
    said = _refused(tmp_path)
    assert "secret_key: must be at least 32 characters" in said
    assert "4711" not in said
    monkeypatch.setenv("HARK_SECRET_KEY", "k" * 32)
    assert wiring.secret_key_of(load(tmp_path)) == "k" * 32


def test_without_a_secret_key_one_is_made_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = wiring.secret_key_of(load(tmp_path)), wiring.secret_key_of(load(tmp_path))
    assert first == second
    assert len(first) >= 32
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    assert wiring.secret_key_of(load(tmp_path / "other")) != first


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("DATABASE_URL", "nonsense-4711"),
        ("DATABASE_URL", "mysql://u:secret-4711@host/name"),
        ("REDIS_URL", "http://u:secret-4711@host"),
    ],
)
def test_an_address_of_the_wrong_kind_is_refused_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    monkeypatch.setenv(f"HARK_{key}", value)
    said = _refused(tmp_path)
    assert f"{key.lower()}: must be" in said
    assert "4711" not in said


def test_an_empty_value_in_the_environment_counts_as_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARK_REDIS_URL", "")
    monkeypatch.setenv("HARK_PORT", "")
    assert (load(tmp_path).redis_url, load(tmp_path).port) == (None, 8311)


@pytest.mark.parametrize(
    "url",
    [
        "http://tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}.png",
        "https://{s}.tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example; script-src */{z}/{x}/{y}",
        "https://tiles.example/{z}/{x}/{y}.png 'unsafe-inline'",
        "//tiles.example/{z}/{x}/{y}.png",
    ],
)
def test_a_map_tile_address_that_could_loosen_the_policy_is_refused(tmp_path: Path, url: str) -> None:
    assert "map_tile_url: must be https://HOST/PATH" in _refused(tmp_path, map_tile_url=url)


def test_a_map_tile_address_of_one_host_is_taken(tmp_path: Path) -> None:
    url = "https://tiles.riverton.example:8443/v1/{z}/{x}/{y}{r}.png?key=abc"
    assert load(tmp_path, map_tile_url=url).map_tile_url == url
    assert load(tmp_path).map_tile_url == ""
