"""Settings of an installation."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from cli.door import read_settings
from cli.mistakes import SettingWrong
from config.settings import Settings


@pytest.fixture(autouse=True)
def _no_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)


def test_without_any_setting_the_database_lies_in_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().database == "sqlite:///.wardcycle/wardcycle.db"
    monkeypatch.setenv("WARDCYCLE_DATA_FOLDER", "/srv/wardcycle")
    assert Settings().database == "sqlite:////srv/wardcycle/wardcycle.db"


def test_a_database_address_wins_over_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDCYCLE_DATABASE_URL", "postgresql+psycopg://db/wardcycle")
    assert Settings().database == "postgresql+psycopg://db/wardcycle"


def test_variables_without_the_prefix_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "LANGUAGE", "CALENDAR", "SMTP_HOST"):
        monkeypatch.setenv(name, "zh")
    settings = Settings()
    assert (settings.database_url, settings.language, settings.calendar, settings.smtp_host) == ("", None, "cn", "")


@pytest.mark.parametrize(
    ("variable", "value", "language"),
    [("LANG", "zh_CN.UTF-8", "zh"), ("LC_ALL", "zh_TW", "zh"), ("LANG", "de_DE.UTF-8", "en"), ("LANG", "", "en")],
)
def test_the_reader_gets_the_language_of_the_system(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, language: str
) -> None:
    monkeypatch.setenv(variable, value)
    assert Settings().reader_language == language


def test_the_stronger_locale_variable_wins_and_the_setting_beats_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.setenv("LC_ALL", "C")
    assert Settings().reader_language == "en"
    monkeypatch.setenv("WARDCYCLE_LANGUAGE", "zh")
    assert Settings().reader_language == "zh"


def test_channel_hosts_are_written_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDCYCLE_CHANNEL_HOSTS", "10.0.0.5:25, ntfy.local:443,")
    assert Settings().channel_hosts == ("10.0.0.5:25", "ntfy.local:443")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDCYCLE_CONFIG_FOLDER", "")
    assert Settings().config_folder is None


def test_the_mail_password_is_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDCYCLE_SMTP_PASSWORD", "hunter2")
    assert "hunter2" not in repr(Settings())
    assert Settings().smtp_password.get_secret_value() == "hunter2"


@pytest.mark.parametrize(("name", "value"), [("WEB_PORT", "0"), ("SMTP_TLS", "ssl"), ("LANGUAGE", "de")])
def test_a_setting_that_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"WARDCYCLE_{name}", value)
    with pytest.raises(ValidationError):
        Settings()


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    assert Settings(data_folder=Path("x")).data_folder == Path("x")


@pytest.mark.parametrize(
    ("deadline", "timeout", "fits"), [("90", "89", True), ("90", "90", False), ("21", "", True), ("20", "", False)]
)
def test_a_send_is_given_longer_than_its_mail(
    monkeypatch: pytest.MonkeyPatch, deadline: str, timeout: str, fits: bool
) -> None:
    monkeypatch.setenv("WARDCYCLE_SEND_DEADLINE_S", deadline)
    monkeypatch.setenv("WARDCYCLE_SMTP_TIMEOUT_S", timeout)
    if fits:
        assert Settings().send_deadline_s == int(deadline)
        return
    with pytest.raises(ValidationError, match=r"send_deadline_s\n.*above WARDCYCLE_SMTP_TIMEOUT_S"):
        Settings()


def test_the_default_deadline_is_held_against_a_longer_timeout_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDCYCLE_SMTP_TIMEOUT_S", "120")
    with pytest.raises(SettingWrong) as refused:
        read_settings()
    assert "WARDCYCLE_SEND_DEADLINE_S" in str(refused.value) and "WARDCYCLE_SMTP_TIMEOUT_S (120)" in str(refused.value)
