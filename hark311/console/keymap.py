"""Every action of the desk and its key: the one table behind the `?` sheet, the palette, the pages and the manual.

A template names its control by the action (`data-key="approve"`); which key presses it is the person's choice. A key is
one character, or two in a row after `g`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

GO = "g"


class Where(StrEnum):
    """Where an action can be done."""

    EVERYWHERE = "everywhere"
    LIST = "in the queue"
    MENTION = "on a mention"
    BOARD = "on the board of a chat"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a key does. Where no control of the page has its name, the key leads to `page`, if there is one."""

    name: str
    key: str
    does: str
    where: Where
    page: str = ""
    fixed: bool = False


_E, _L, _M, _B = Where.EVERYWHERE, Where.LIST, Where.MENTION, Where.BOARD

ACTIONS = (
    Action("approve", "a", "approve what is ticked", _M),
    Action("edit", "e", "edit the reply", _M),
    Action("claim", "c", "claim, or give back", _M),
    Action("close", "r", "close without an answer, with a reason", _M),
    Action("undo", "u", "take back what was just done, while it can be", _E),
    Action("next", "n", "next waiting mention", _M),
    Action("queue", "q", "back to the queue", _E, "/queue"),
    Action("ask-private", "p", "ask in private", _M),
    Action("split", "s", "split off a second request", _M),
    Action("translate", "t", "show the translation", _M),
    Action("answer", "k", "put the first answer card into the reply", _M),
    *(Action(f"evidence-{at}", str(at), f"go to line {at} of what we think", _M) for at in range(1, 7)),
    Action("next-row", "j", "next mention in the list", _L),
    Action("previous-row", "k", "previous mention in the list", _L),
    Action("open-row", "Enter", "open it; the first one if none is chosen", _L, fixed=True),
    Action("select", "x", "select it, or not any more", _L),
    Action("next-card", "j", "next post of the lane", _B),
    Action("previous-card", "k", "previous post of the lane", _B),
    Action("next-lane", "l", "to the lane on the right", _B),
    Action("previous-lane", "h", "to the lane on the left", _B),
    *(Action(f"lane-{at}", str(at), f"put it into lane {at}", _B) for at in range(1, 9)),
    Action("link-next", "]", "it belongs to the next question", _B),
    Action("link-previous", "[", "it belongs to the question before", _B),
    Action("answer-post", "a", "answer it", _B),
    Action("assign-next", "s", "give it to the next guest, and after the last to nobody", _B),
    Action("report", "r", "it is a report: into the main queue as well", _B),
    Action("not-needed", "x", "it needs no answer, or does after all", _B),
    Action("choose", "c", "choose it for the recap, or not any more", _B),
    Action("moderate", "m", "go to the page that moderates it; it asks before it does", _B),
    Action("pause", "p", "pause the schedule, or go on", _B),
    Action("search", "/", "search", _E, "/queue"),
    Action("freeze", "f", "go to the page that freezes everything; it asks before it does", _E, "/freeze"),
    Action("go-queue", "g q", "go to the queue", _E, "/queue"),
    Action("go-mine", "g m", "go to what you hold", _E, "/queue?view=mine"),
    Action("go-danger", "g d", "go to open dangers", _E, "/queue?view=danger"),
    Action("go-channels", "g c", "go to the channels", _E, "/channels"),
    Action("go-supervise", "g s", "go to the supervisor's page", _E, "/supervise"),
    Action("go-templates", "g t", "go to the templates", _E, "/templates"),
    Action("go-cards", "g k", "go to the knowledge cards", _E, "/cards"),
    Action("go-account", "g a", "go to your own page", _E, "/account"),
    Action("palette", "Ctrl K", "do or open anything by name (Cmd K on a Mac)", _E, fixed=True),
    Action("leave", "Esc", "leave a field or close what is open, so that keys work again", _E, fixed=True),
    Action("help", "?", "this list", _E, "/account/keys"),
)
BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}


def keys_of(chosen: Mapping[str, str]) -> dict[str, str]:
    """Action -> key of one person; "" where they want none."""
    return {one.name: one.key if one.fixed else chosen.get(one.name, one.key) for one in ACTIONS}


def by_place() -> list[tuple[Where, list[Action]]]:
    """The actions grouped by where they can be done."""
    return [(where, [one for one in ACTIONS if one.where == where]) for where in (_M, _L, _B, _E)]


def pages() -> dict[str, str]:
    """Action -> the page it leads to where no control of the page has its name."""
    return {one.name: one.page for one in ACTIONS if one.page}


def pressed(keys: Mapping[str, str]) -> dict[str, list[str]]:
    """Key -> the actions it may mean, for the script: the first one that the page can do is done."""
    actions: dict[str, list[str]] = {}
    for name, key in keys.items():
        if key and not BY_NAME[name].fixed:
            actions.setdefault(key, []).append(name)
    return actions


def tidy(typed: str) -> str:
    """A key as it was typed into a field: "g  q" is "g q"."""
    return " ".join(typed.split())


def differing(keys: Mapping[str, str]) -> dict[str, str]:
    """What of a person's keys is not the desk's own: all that has to be kept."""
    return {name: key for name, key in keys.items() if key != BY_NAME[name].key and not BY_NAME[name].fixed}


def troubles(keys: Mapping[str, str]) -> list[str]:
    """Why these keys cannot be used, in sentences; nothing where they can."""
    return [*_wrong(keys), *_clashes(keys)]


def _wrong(keys: Mapping[str, str]) -> Iterable[str]:
    for name, key in keys.items():
        if key and not BY_NAME[name].fixed and not _is_key(key):
            yield (
                f"“{key}” cannot be the key to {BY_NAME[name].does}: "
                f"a key is one letter, figure or sign, or “{GO}” and one after it."
            )


def _is_key(key: str) -> bool:
    last = key.removeprefix(f"{GO} ")
    return len(last) == 1 and last.isprintable() and not last.isspace()


def _clashes(keys: Mapping[str, str]) -> Iterable[str]:
    used = [(BY_NAME[name], key) for name, key in keys.items() if key]
    for at, (one, key) in enumerate(used):
        for other, others_key in used[at + 1 :]:
            if _meet(one.where, other.where) and _same(key, others_key):
                both = f"“{key}”" if key == others_key else f"“{key}” and “{others_key}”"
                yield f"{both} would both {one.does} and {other.does}. Give one of the two another key."


def _meet(one: Where, other: Where) -> bool:
    return one == other or Where.EVERYWHERE in (one, other)


def _same(one: str, other: str) -> bool:
    """Whether two keys cannot be told apart: equal, or one is the beginning of the other."""
    return one == other or one.startswith(f"{other} ") or other.startswith(f"{one} ")
