"""Personal: phone numbers, bank accounts, street and e-mail addresses.

Whose they are cannot be known: a member who asks to be called back gives their own. So a message is flagged at most, and that
only for an account, or for a phone number and a street: the strongest kind counts fully, each further one a quarter. Nothing
that was found is repeated; staff see where it stands.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

from phonenumbers import SUPPORTED_REGIONS, NumberParseException, PhoneMetadata, is_valid_number, parse
from pydantic import BaseModel, ConfigDict, Field, field_validator

from relay.plugin import Context, Incoming, Plugin, Signal

MOST_TRIED = 20  # numbers of one text that are looked at: one of them is enough
LEAST_DIGITS = 9  # of a phone number: shorter ones exist, and look like order numbers
FURTHER = 0.25  # of the weight of each kind but the first
IBAN_LENGTHS = {
    country: int(length)
    for length, countries in (each.split(":") for each in (
        "15:NO 16:BE 18:DK,FI,FO,GL,NL 19:MK,SI 20:AT,BA,EE,KZ,LT,LU,XK 21:CH,HR,LI,LV 22:BG,DE,GB,GE,IE,ME,RS 23:AE,GI,IL"
        " 24:AD,CZ,ES,MD,PK,RO,SA,SE,SK,TN 25:PT 26:IS,TR 27:FR,GR,IT,MC,SM 28:AL,AZ,CY,HU,LB,PL 29:UA 31:MT"
    ).split())
    for country in countries.split(",")
}  # fmt: skip
_PHONE = re.compile(r"(?<![\w.,+-])(?:\+|\(?0)[\d\s()/.\u2013-]{6,24}\d(?![\w,]?\w)")
_IBAN = re.compile(r"(?<![^\W_])[a-z]{2}[ -]?\d{2}(?:[ .-]?[a-z0-9]){11,27}")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}(?:@|\s?[\[(]\s?(?:at|ät)\s?[\])]\s?)([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_DIGIT = re.compile(r"\d")
_AT = re.compile(r"[@\[(](?:(?<=[\w.+-]@)[\w-]|(?<=[\[(])\s?(?:at|ät)\s?[\])])")  # within an address, not before a name
_STREET = re.compile(
    r"(?<![^\W_])[^\W\d_]{2,30}[ -]?(?:strasse|str\.|gasse|allee|chaussee) ?\d{1,4}(?: ?[a-z])?(?!\w)"
    r"|(?<![^\W_])[^\W\d_]{2,30}[ -]?(?:weg|platz|ring|damm|ufer|markt|steig) \d{1,4}(?: ?[a-z])?,? \d{5}(?!\w)"
    r"|(?<!\w)\d{1,5} (?:[^\W\d_]{2,20} ){1,2}(?:street|road|avenue|lane|drive|crescent|terrace|boulevard)(?!\w)"
)


class Options(BaseModel):
    """How numbers are read, and whose addresses are fine."""

    model_config = ConfigDict(extra="forbid")

    region: str = Field("DE", description="country whose phone numbers are written without +: two letters, such as DE or GB")
    allow: tuple[str, ...] = Field((), description="domains whose e-mail addresses are fine, such as your own: example.com")

    @field_validator("region")
    @classmethod
    def _is_known(cls, region: str) -> str:
        if region not in SUPPORTED_REGIONS:
            raise ValueError("should be two capital letters of a country, such as DE, AT, CH or GB")
        return region


class Personal(Plugin[Options]):
    """Finds what looks like personal data and proves right: numbers that can exist, accounts whose check digits agree."""

    name, version, api = "personal", "1.0", 1
    signals = {"personal.iban": 2.5, "personal.phone": 2.0, "personal.address": 2.0, "personal.email": 1.0}
    told = {
        "personal.iban": {"en": "it holds the number of a bank account", "de": "sie enthält eine Kontonummer"},
        "personal.phone": {"en": "it holds a phone number", "de": "sie enthält eine Telefonnummer"},
        "personal.address": {"en": "it holds a street address", "de": "sie enthält eine Anschrift"},
        "personal.email": {"en": "it holds an e-mail address", "de": "sie enthält eine E-Mail-Adresse"},
    }
    examples = [
        ("Ruf sie mal an: 030 901820", {"personal.phone"}),
        ("Konto DE89 3704 0044 0532 0130 00, danke", {"personal.iban"}),
        ("Er wohnt in der Musterstraße 12a, Mail: max@example.com", {"personal.address", "personal.email"}),
        ("Bestellung 2024-0815-4711 vom 12.03.2024, 10 Euro", set()),
    ]

    async def setup(self, context: Context) -> None:
        """Load every country's plan of numbers, which would hold up the first message from there."""
        PhoneMetadata.load_all()

    def wants(self, incoming: Incoming) -> bool:
        """Most texts hold neither a digit nor an address."""
        text = incoming.text.folded
        return _DIGIT.search(text) is not None or _AT.search(text) is not None

    async def check(self, incoming: Incoming, context: Context) -> AsyncIterator[Signal]:
        """Give each kind once, the strongest first, with its place and never with what stands there."""
        text, factor = incoming.text.folded, 1.0
        for kind, what, found in self._kinds(text):
            if (match := next(found, None)) is not None:
                start, end = incoming.text.place(*match.span())
                yield Signal(f"personal.{kind}", factor=factor, reason=what, start=start, end=end)
                factor = FURTHER

    def _kinds(self, text: str) -> Iterator[tuple[str, str, Iterator[re.Match[str]]]]:
        if _DIGIT.search(text):
            yield "iban", "a bank account, check digits agree", filter(_is_account, _IBAN.finditer(text))
            numbers = (match for match, _ in zip(_PHONE.finditer(text), range(MOST_TRIED), strict=False))
            yield "phone", "a phone number that can exist", (match for match in numbers if self._is_number(match[0]))
            yield "address", "a street with a number", _STREET.finditer(text)
        if _AT.search(text):
            others = (match for match in _EMAIL.finditer(text) if match[1] not in self.options.allow)
            yield "email", "an e-mail address", others

    def _is_number(self, text: str) -> bool:
        if sum(map(str.isdigit, text)) < LEAST_DIGITS:
            return False
        with suppress(NumberParseException):
            return is_valid_number(parse(text, self.options.region))
        return False


def _is_account(match: re.Match[str]) -> bool:
    """Check digits by ISO 13616: the country's letters as numbers, behind the rest, leave 1 when divided by 97."""
    signs = "".join(filter(str.isalnum, match[0])).upper()
    account = signs[: IBAN_LENGTHS.get(signs[:2], 0)]
    if len(account) < IBAN_LENGTHS.get(signs[:2], 1):
        return False
    return int("".join(str(int(sign, 36)) for sign in account[4:] + account[:4])) % 97 == 1
