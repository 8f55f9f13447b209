"""What an answer of the other side means for a ward, and how a channel does, from its latest tries."""

from datetime import UTC, datetime, timedelta

import pytest

from models.notification import AttemptOutcome
from models.reads.channels import Record, Try, fold
from notifications import advice as said
from notifications.advice import advice
from notifications.senders import SendResult, accepted, permanent, transient, unknown

AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
A = AttemptOutcome


@pytest.mark.parametrize(
    ("url", "result", "expected"),
    [
        ("email", accepted("250 ok"), said.TAKEN),
        ("wecombot://k", permanent("WeCom: 93000 invalid webhook url ***"), said.KEY),
        ("wecombot://k", transient("WeCom: 45009 api freq out of limit; free again at 2026-03-02"), said.FULL),
        ("dingtalk://t", permanent("DingTalk: 310000 keywords not in content"), said.SIGN),
        ("dingtalk://t", permanent("DingTalk: 300005 token is not exist"), said.KEY),
        ("feishu://t", permanent("Feishu: 19021 sign match fail"), said.SIGN),
        ("feishu://t", permanent("Feishu: 19001 param invalid"), said.KEY),
        ("feishu://t", transient("open.feishu.cn cannot be reached: no answer in time", down=True), said.REACH),
        ("email", transient("the mail server h:25 does not accept user and password: 535 no"), said.LOGIN),
        ("email", permanent("the mail server refuses the receiver: 550 no such user"), said.RECEIVER),
        ("email", transient("the mail server h:25 cannot be reached: Connection refused"), said.REACH),
        ("ntfys://h/t", permanent("Failed to send ntfy notification: forbidden, error=40301."), said.DENIED),
        ("json://h/t", permanent("Failed to send JSON notification: Not Found, error=404."), said.NEVER),
        ("json://h/t", permanent("Failed to send JSON notification: Unauthorized, error=401."), said.DENIED),
        ("json://h/t", permanent("10.0.0.1:80 is in the own network and not among channel_hosts"), said.HOSTS),
        ("json://h/t", unknown("no answer within 20 seconds"), said.UNCLEAR),
        ("json://h/t", transient("error=503."), said.LATER),
    ],
)
def test_each_kind_of_answer_says_what_to_do(url: str, result: SendResult, expected: object) -> None:
    assert advice(url, result) == expected


def tries(*given: tuple[str, A, str]) -> dict[str, Record]:
    return fold(Try(AT + timedelta(minutes=n), slug, outcome, why) for n, (slug, outcome, why) in enumerate(given))


def test_a_channel_works_since_the_first_message_after_its_last_error() -> None:
    found = tries(
        ("email", A.ACCEPTED, ""),
        ("group", A.ACCEPTED, ""),
        ("email", A.TRANSIENT, "451 busy"),
        ("email", A.ACCEPTED, ""),
        ("email", A.ACCEPTED, ""),
        ("group", A.PERMANENT, "93000"),
    )
    assert found == {
        "email": Record(AT + timedelta(minutes=3), "451 busy", AT + timedelta(minutes=2)),
        "group": Record(None, "93000", AT + timedelta(minutes=5)),
    }
    assert tries() == {}
