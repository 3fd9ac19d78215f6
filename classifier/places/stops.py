"""Reading stops that are named by their street or area: "Somerset el stop", "the subway stop at Girard"."""

from classifier.places.kinds import Found, PlaceKind
from classifier.places.tokens import Token
from classifier.places.written import is_doubtful_train, is_stop, is_train

_AT = frozenset({"at", "on", "@", "of", "in"})


def stop(tokens: list[Token], at: int) -> Found | None:
    """The name of a stop, where words for trains before or behind it say that it is one."""
    after = tokens[at].stop
    if not after:
        return None
    behind = _behind(tokens, after)
    if behind > after or _said_before(tokens, at):
        return PlaceKind.STOP, at, behind, "stop"
    return None


def _behind(tokens: list[Token], after: int) -> int:
    """The token after "el stop", "subway", "on the L"; `after` where nothing of the kind stands there."""
    on = [one.kind.lower for one in tokens[after : after + 2]] == ["on", "the"]
    here = after + 2 * on
    first = here
    while here < len(tokens) and tokens[here].gap and _is_of_trains(tokens[here]):
        here += 1
    words = [one.kind.plain for one in tokens[first:here]]
    told = any(is_stop(one) or (is_train(one) and (on or not is_doubtful_train(one))) for one in words)
    return here if told else after


def _is_of_trains(token: Token) -> bool:
    return is_train(token.kind.plain) or is_stop(token.kind.plain) or token.kind.plain == "line"


def _said_before(tokens: list[Token], at: int) -> bool:
    """Whether "el stop at", "the subway at", "Broad Street Line stop at" stands before."""
    here = at - 1
    here -= here > 0 and tokens[here].kind.lower == "the"
    if here < 1 or tokens[here].kind.lower not in _AT:
        return False
    word = tokens[here - 1].kind.plain
    if is_stop(word):
        return here > 1 and _is_of_trains(tokens[here - 2])
    return word == "line" or (is_train(word) and not is_doubtful_train(word))
