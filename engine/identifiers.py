"""Finding what names a patient in words that somebody typed, so that it is refused before it is stored."""

import re
import unicodedata
from collections.abc import Mapping

from config.words import Text
from engine.workbook import IDENTITY, MOBILE, names_somebody
from models.errors import Refused

# A number that its own word calls a patient's; lot numbers and numbers of devices are wanted and pass.
_NUMBERED = re.compile(
    r"(?:住院|病历|病案|门诊|就诊|登记|医保卡?|社保卡?|身份证|腕带|检查|条码)(?:号码|号)?\s*(?:是|为|[:=#.])?\s*"
    r"(?=[A-Z0-9-]*\d{3})[A-Z0-9-]{4,}"
    r"|\b(?:MRN|HOSPITAL (?:NO|NUMBER)|PATIENT (?:ID|NO|NUMBER)|CASE (?:NO|NUMBER)|ADMISSION (?:NO|NUMBER)"
    r"|RECORD (?:NO|NUMBER)|NHS(?: (?:NO|NUMBER))?|ID (?:NO|NUMBER|CARD))\b\s*(?:IS|[:=#.])?\s*"
    r"(?=[A-Z0-9-]*\d{3})[A-Z0-9-]{4,}",
    re.IGNORECASE,
)
# A name behind the word that announces it. 王某, 张某某 and 患者 alone name nobody.
_NAMED = re.compile(
    r"(?:患者|病人)?姓名\s*(?:是|为|叫|:)\s*(?![^\s]{0,2}某)[\u4e00-\u9fff·]{2,}"
    r"|(?:患者|病人)(?:名叫|叫做|叫)\s*(?![^\s]{0,2}某)[\u4e00-\u9fff·]{2,4}"
    r"|\b(?:PATIENT'?S? NAME|NAME OF (?:THE )?PATIENT)\b\s*(?:IS|:)?\s*[A-Z]+",
    re.IGNORECASE,
)
_OLD_IDENTITY = re.compile(
    r"(?<![0-9])[1-9][0-9]{5}[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}(?![0-9])"
)
_LANDLINE = re.compile(r"(?<![0-9])0[1-9][0-9]{1,2}[ -]?[2-9][0-9]{6,7}(?![0-9])")

KINDS = {
    "number": Text("an identity, telephone or mobile number", "身份证号、电话或手机号"),
    "record": Text("a patient's number in the hospital", "患者的住院号、病历号等编号"),
    "name": Text("a patient's name", "患者姓名"),
}


class IdentifierFound(Refused):
    """“{field}” seems to hold {what}. Take it out and send again: bed, ward and time are enough. Nothing was stored."""

    zh = "“{field}”中似乎含有{what}。请删除后重新提交：写明床位、病区和时间即可。内容尚未保存。"


def find_identifier(written: str) -> Text | None:
    """Find what in a text seems to name a patient, in words; None where nothing does."""
    text = unicodedata.normalize("NFKC", written)
    if names_somebody(text) or _OLD_IDENTITY.search(text) or _LANDLINE.search(text):
        return KINDS["number"]
    if _NUMBERED.search(text):
        return KINDS["record"]
    return KINDS["name"] if _NAMED.search(text) else None


def refuse_identifiers(fields: Mapping[Text, str]) -> None:
    """Refuse words that name a patient. fields: what each field is called on its form -> what was typed there.

    Raises IdentifierFound; it never repeats what was found.
    """
    for field, written in fields.items():
        if found := find_identifier(written):
            raise IdentifierFound(field=field, what=found)


def masked(written: str) -> str:
    """Write words with *** for whatever seems to name a patient, for eyes that need not know who it is."""
    text = unicodedata.normalize("NFKC", written)
    for pattern in (IDENTITY, MOBILE, _OLD_IDENTITY, _LANDLINE, _NUMBERED, _NAMED, _ADDRESS):
        text = pattern.sub("***", text)
    return text


_ADDRESS = re.compile(r"[^\s@<>,;:。]+@[^\s@<>,;:。]+")  # of mail
