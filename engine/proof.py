"""What needs to know who acts: doors that know, and doors that only know which message was opened."""

from sqlmodel import Session

from models.errors import Refused

# A link shows which message was opened, not who opens it; `code` is a link with six digits sent another way.
UNPROVEN = frozenset({"link", "mail"})


class ProofNeeded(Refused):
    """The link alone is not enough for this. Ask for a code, which comes another way, or log in. Nothing was \
changed."""

    zh = "仅凭链接不能进行此操作。请获取验证码（由另一渠道发送）或登录。没有任何改动。"


def require_proof(session: Session) -> None:
    """Refuse what needs to know who acts, at a door that does not. Raises ProofNeeded."""
    if session.info.get("door") in UNPROVEN:
        raise ProofNeeded
