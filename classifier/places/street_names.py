"""Rules for a street alone, where no crossing, block or number stands beside its name."""

from classifier.places.crossings import is_followed, is_no_place, join_at, read_placed, said_before
from classifier.places.kinds import Found, PlaceKind
from classifier.places.streets import Proof, is_spoken_of, read_street
from classifier.places.tokens import Token, Trust, word_set


def foreign(tokens: list[Token], at: int) -> Found | None:
    """ "calle Quinta", "rue Spruce", "улица Брод": the street word comes first."""
    here = at + 1
    while here < len(tokens) and tokens[here].kind.lower in ("de", "la", "del", "da", "do", "des", "las", "los", "."):
        here += 1
    if here >= len(tokens) or not (tokens[here].kind.capital or tokens[here].kind.ordinal or tokens[here].kind.number):
        return None
    after = here + 1 if tokens[here].kind.number else (read_street(tokens, here) or (here + 1, Proof.NAME))[0]
    join = join_at(tokens, after)
    if join and join.kind.join != "near" and after + 1 < len(tokens) and (right := foreign(tokens, after + 1)):
        return PlaceKind.INTERSECTION, at, right[2], "two streets"
    if join and (pair := read_placed(tokens, after + 1)) and pair[1] >= Proof.NAME:
        return PlaceKind.INTERSECTION, at, pair[0], "two streets"
    return PlaceKind.STREET, at, after, "street word first"


def street_name(tokens: list[Token], at: int) -> Found | None:
    """A street alone: surely one, or a name behind "on", "along", "end of"."""
    placed = said_before(tokens, at, "before_names") or is_spoken_of(tokens, at) or _is_subject(tokens, at)
    street = read_street(tokens, at, placed=placed)
    if street is None:
        return None
    after, proof = street
    if (
        tokens[at].kind.letter
        and at
        and tokens[at - 1].kind.capital
        and tokens[at].gap
        and not tokens[at - 1].kind.suffix
    ):
        return None
    if _is_kind_of_thing(tokens, at, after):
        return None
    if proof is Proof.SURE or (proof is Proof.KNOWN and _stands_alone(tokens, at)):
        return PlaceKind.STREET, at, after, "street name"
    if proof >= Proof.NAME and _street_told(tokens, at, after, proof):
        return PlaceKind.STREET, at, after, "name behind a street's word"
    return None


def _is_subject(tokens: list[Token], at: int) -> bool:
    """Whether a sentence begins with a name in small letters and a street word ("mill street is flooded")."""
    behind = tokens[at + 2].kind.lower if at + 2 < len(tokens) else ""
    return _begins_sentence(tokens, at) and behind in word_set("phrases", "said_of_streets")


def _is_kind_of_thing(tokens: list[Token], at: int, after: int) -> bool:
    """Whether this is no street but a thing in one, in capitals ("New Street Sign")."""
    told = after < len(tokens) and tokens[after].kind.lower in word_set("phrases", "street_things")
    plain = word_set("heads", "generic") - word_set("never_a_name", "also_streets") - word_set("never_a_name", "things")
    return told and all(one.kind.lower in plain for one in tokens[at : after - 1])


def _begins_sentence(tokens: list[Token], at: int) -> bool:
    return at == 0 or tokens[at - 1].text in ".!?\n"


def _stands_alone(tokens: list[Token], at: int) -> bool:
    """Whether a street's name of the gazetteer is one here: not a common word, nor the first of a sentence."""
    known = tokens[at].known
    if known is not None and known.trust is Trust.PLACED:
        return said_before(tokens, at, "onto_street", article=False)
    told = tokens[at].kind.lower == "the" or (known is not None and known.trust is Trust.ALONE)
    return told or not _begins_sentence(tokens, at) or is_spoken_of(tokens, at)


def _in_title_case(tokens: list[Token], at: int) -> bool:
    """Whether the word before has a capital too without beginning a sentence, so that capitals tell nothing."""
    before = tokens[at - 1] if at else None
    return before is not None and before.text.istitle() and not _begins_sentence(tokens, at - 1)


def _street_told(tokens: list[Token], at: int, after: int, proof: Proof) -> bool:
    short = len(tokens[at].text) < 3 and tokens[at].kind.lower not in word_set("street", "titles")
    if (short and proof is Proof.NAME) or any(is_no_place(one) for one in tokens[at:after]):
        return False
    if tokens[at].kind.lower in word_set("named", "states"):
        return False
    if proof is Proof.NAME and _in_title_case(tokens, at):
        return False
    if is_followed(tokens, after) or (proof is Proof.NAME and is_followed(tokens, after - 1)):
        return False
    if said_before(tokens, at, "onto_street", article=False) or (
        proof >= Proof.ORDINAL and said_before(tokens, at, "before_names")
    ):
        return True
    return at > 1 and f"{tokens[at - 2].kind.lower} {tokens[at - 1].kind.lower}" in word_set("phrases", "part_of")
