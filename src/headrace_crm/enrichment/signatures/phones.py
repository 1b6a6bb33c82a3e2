"""Phone numbers in the lines of a signature, as international numbers; faxes and numbers of other sorts left out."""

import re
from collections.abc import Iterable
from typing import Final

import phonenumbers

from headrace_crm.enrichment.signatures.facts import Fact
from headrace_crm.enrichment.signatures.words import folded, read_words

_NUMBER: Final = re.compile(
    r"(?<![\w/.@:=-])(?:\+|00|\()?\(?\+?\d(?:[ \t\u00a0().\-/\u2010-\u2013]{0,3}\d){6,16}(?![\w@])"
)
_LABEL: Final = re.compile(r"([^\W\d_]+(?:-[^\W\d_]+)?)[\s.]*(?:no|nr)?\.?\s*[:.)\]#(=-]*\s*$", re.IGNORECASE)
_APART: Final = re.compile(
    r"[|\u00b7\u2022;]|\s{3,}(?![+(\d])|(?<!\d)\s[-\u2013\u2014/*]\s|\s[-\u2013\u2014/*]\s(?=\D)"
)
_ASIDE: Final = re.compile(r"\(0\)")
_DATE: Final = re.compile(r"(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d")
_OTHER_COUNTRY: Final = {"UK": "GB", "EU": ""}
_AMERICAN: Final = frozenset(("COM", "EDU", "GOV", "MIL"))
_AMERICAN_FORM: Final = re.compile(r"(?:1[-. ])?\(?\d{3}\)?[-. /]{1,2}\d{3}[-. ]\d{4}")
_MOST: Final = 4


def read_phones(lines: Iterable[str], email: str, confidence: float) -> tuple[Fact, ...]:
    """The phone numbers of a person, at most 4, each once, in the order they stand.

    A number without a country is read as one of the country that ends the address; one that is valid
    nowhere it could be from is none. A number that nothing calls a phone is less sure.
    """
    found: dict[str, Fact] = {}
    for part in (part for line in lines for part in _APART.split(line)):
        for match in _NUMBER.finditer(part):
            label = _LABEL.search(folded(part[: match.start()]).rstrip(" +("))
            word = label[1] if label else ""
            is_labelled = word in read_words().phone_labels
            if word in read_words().no_phone_labels:
                continue
            is_alone = len(part.strip()) - len(match[0]) <= 2  # noqa: PLR2004 - a bracket, a full stop
            if not (is_labelled or is_alone or match[0].lstrip("(").startswith(("+", "00"))):
                continue
            number = international(match[0], email)
            if number is not None and number not in found and len(found) < _MOST:
                found[number] = Fact(number, confidence if is_labelled else confidence - 0.1)
    return tuple(found.values())


def international(text: str, email: str) -> str | None:
    """A number as it is dialled from abroad; None where it is none.

    >>> international("030 901820", "ines@vidal.de"), international("030 901820", "ines@gmail.com")
    ('+49 30 901820', None)
    """
    if _DATE.fullmatch(text.strip()):
        return None
    digits = _ASIDE.sub("", text).strip(" (")
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    ending = email.rpartition(".")[2].upper()
    region = _OTHER_COUNTRY.get(ending, ending)
    if not digits.startswith("+") and (region in _AMERICAN or len(region) != 2):  # noqa: PLR2004 - a country's letters
        region = "US" if _AMERICAN_FORM.fullmatch(digits.strip()) else ""
    if not digits.startswith("+") and region not in phonenumbers.SUPPORTED_REGIONS:
        return None
    try:
        number = phonenumbers.parse(digits, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
