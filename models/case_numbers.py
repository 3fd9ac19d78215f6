"""The numbers of requests in what residents write: the city's own forms and ours, however they are typed. Pure.

A form is spelled with # for a digit and @ for one of our reference letters; all else stands for itself: "########" is
eight digits, "SR-########" the same behind two letters. What is found comes back as the city spells it, so that two
numbers can be compared as they are.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache

OURS = "H-@@@@@@@@"
"""The form of ServiceRequest.reference."""
CITY_FORMS = ("########",)
"""What the city's numbers look like where no setting says so. Source: Philly311's public requests (13075315)."""
WIDEST_FORM = 16
BARE_FROM = 8
"""A run of digits shorter than this (a house, a ZIP code, a local phone) is a number only where a word says so."""

FARTHEST_WORD = 40
"""How far before a number the word may begin that says what it is, in characters."""

_SIGNS = r"[\s./_-]?"
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_DASHES = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))
_ELSEWHERE = re.compile(r"(?<!\S)\S*?://\S*|\bwww\.\S*|(?<!\w)@\S+|\+[\d\s().-]+", re.IGNORECASE)
"""Links, names and international phone numbers: no digits in them are a request's."""
_PHONE = re.compile(r"1?[2-9]\d\d[2-9]\d{6}")
"""Source: North American Numbering Plan, the digits of an area code and an exchange."""
_MARKED = re.compile(
    r"(?:[#№]|\b(?:n[º°o]|no|nr|num|number|case|request|ticket|reference|ref|report|sr|status"
    r"|n[uú]mero|caso|solicitud|estado|referencia|num[ée]ro|demande|cas|r[ée]f[ée]rence|pedido|situa[cç][aã]o"
    r"|номер|заявка|заявки|статус|s[ốo]|m[ãa]|nimewo|ka|demann)\b"
    r"|رقم|الحالة|شماره|وضعیت|شمېره|حالت|编号|號碼|号码|編號|案件|번호|상태|លេខ|নম্বর|নং)[\s.:#()-]*$",
    re.IGNORECASE,
)


def folded(text: str) -> str:
    """A text with plain digits, capitals and dashes, and without the marks that steer its direction."""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    return "".join(_plain(sign) for sign in plain if unicodedata.category(sign) != "Cf").upper()


def _plain(sign: str) -> str:
    return str(unicodedata.decimal(sign)) if sign.isdecimal() else sign


def numbers_in(text: str, forms: Sequence[str] = CITY_FORMS) -> list[str]:
    """The numbers of requests a text names, as the city (or we) spell them, each once, in their order.

    A number that is all there is, or stands behind a word like "number" or "#", may have spaces and dashes in it. Any
    other must be written in one piece, so that no date, phone or row of houses is taken for one.
    """
    plain = _ELSEWHERE.sub(lambda match: " " * len(match[0]), folded(text))
    found = dict[str, int]()
    for form in (OURS, *forms):
        for match in _pattern(form).finditer(plain):
            if _is_meant(plain, match):
                found.setdefault(_spelled(form, match[0]), match.start())
    return sorted(found, key=lambda number: found[number])


def same_number(one: str, other: str) -> bool:
    """Whether two spellings are one number."""
    said = _bare(one)
    return bool(said) and said == _bare(other)


def trouble_with(forms: Iterable[str]) -> str:
    """Why these cannot be the forms of a city's numbers, in a sentence; "" where they can."""
    for form in forms:
        signs = [sign for sign in form if sign not in "#@"]
        if len(form) > WIDEST_FORM:
            return f"{form!r} is longer than {WIDEST_FORM} signs, which is all a reply has room for"
        if form.count("#") < 3 and form.count("@") < 3:
            return f"{form!r} has fewer than three # (each stands for a digit)"
        if not all(sign in "-_/" or (sign.isascii() and sign.isalnum()) for sign in signs):
            return f"{form!r} may hold letters, digits, - _ / and # for a digit"
    return ""


@cache
def _pattern(form: str) -> re.Pattern[str]:
    """What a form reads like: signs between its parts or none, and the letters before its digits or none."""
    letters, rest = "", form.upper()
    while rest and (rest[0].isalpha() or rest[0] in "-_/"):
        letters, rest = letters + rest[0], rest[1:]
    begins = _SIGNS.join(re.escape(sign) for sign in letters if sign.isalpha())
    optional = begins and "@" not in rest
    head = f"(?:{begins}{_SIGNS}){'?' if optional else ''}" if begins else ""
    body = _SIGNS.join(_one(sign) for sign in rest if sign not in "-_/")
    return re.compile(rf"(?<![A-Z0-9_/@.-]){head}{body}(?![A-Z0-9_@]|[-./][A-Z0-9])")


def _one(sign: str) -> str:
    return {"#": r"[0-9]", "@": f"[{_LETTERS}]"}.get(sign, re.escape(sign))


def _is_meant(text: str, match: re.Match[str]) -> bool:
    said = match[0]
    digits = re.sub(r"[^0-9]", "", said)
    if said[0].isalpha():
        return bool(digits) or "-" in said  # letters of its own say what it is; "H market" does not
    alone = not re.search(r"\w", text[: match.start()] + text[match.end() :])
    if alone or _MARKED.search(text[max(0, match.start() - FARTHEST_WORD) : match.start()]):
        return True
    return said == digits and len(digits) >= BARE_FROM and not _PHONE.fullmatch(digits)


def _spelled(form: str, said: str) -> str:
    """What was said, with the letters and signs of its form: "sr 2400123" -> "SR-2400123"."""
    signs, spelled = list(_bare(said)), ""
    for sign in reversed(form.upper()):
        if sign in "#@":
            spelled = signs.pop() + spelled
        else:
            if sign.isalnum() and signs and signs[-1] == sign:
                signs.pop()
            spelled = sign + spelled
    return spelled


def _bare(number: str) -> str:
    return re.sub(r"[\W_]", "", folded(number))
