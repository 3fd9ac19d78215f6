"""What a person says about one suggestion: accept it, say what it is instead, or say that it is wrong."""

import re
from enum import StrEnum

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from hark311.console.keeping import keep_typed, not_done
from hark311.console.pages import Console
from hark311.console.visits import ConsoleHere, Drafting, Submission
from models import LabelTask, NeighbourRelation
from responders.claims import NotYours
from responders.correcting import Act, say
from responders.deciding import NotApproved
from responders.joining import Joiner, NotJoined
from responders.placing import choose_place, clear_place, confirm_place
from responders.suggesting import Drafter

router = APIRouter(prefix="/mentions/{mention_id}/evidence")

TITLE = "Nothing was changed"


class Task(StrEnum):
    """The lines of the evidence card, by their names in addresses."""

    INTENT = "intent"
    SERVICE = "service"
    PLACE = "place"
    URGENCY = "urgency"
    LANGUAGE = "language"
    SAME = "same"


LABELS = {
    Task.INTENT: LabelTask.INTENT,
    Task.SERVICE: LabelTask.CATEGORY,
    Task.URGENCY: LabelTask.URGENCY,
    Task.LANGUAGE: LabelTask.LANGUAGE,
}


@router.post("/{task}")
def correct(console: ConsoleHere, sent: Drafting, mention_id: int, task: Task) -> Response:
    """`act`: accept, fix or reject. `fix-TASK`, or `value`: what it is instead. All else that was typed is kept."""
    act = sent.text("act")
    if act not in set(Act):
        return not_done(console, sent, mention_id, ["Choose whether it is right, wrong, or something else."], TITLE)
    console.product.desk.claim(mention_id, sent.visitor.id)
    if refused := keep_typed(console, sent, mention_id, TITLE):
        return refused
    value = sent.text(f"fix-{task}") or sent.text("value")
    try:
        redrafted = _do(console, sent, mention_id, task, Act(act), value)
    except NotApproved as error:
        return not_done(console, sent, mention_id, error.reasons, TITLE, f"#line-{task}")
    except (NotJoined, NotYours) as error:
        return not_done(console, sent, mention_id, [str(error)], TITLE, f"#line-{task}")
    return RedirectResponse(f"/mentions/{mention_id}{'?reply=anew' if redrafted else ''}#line-{task}", status_code=303)


def _do(console: Console, sent: Submission, mention_id: int, task: Task, act: Act, value: str) -> bool:
    desk, staff_id = console.product.desk, sent.visitor.id
    if task is Task.SAME:
        return _same(console, sent, act, value)
    if task is Task.PLACE:
        if act is Act.ACCEPT:
            return confirm_place(desk, mention_id, staff_id)
        if act is Act.REJECT:
            return clear_place(desk, mention_id, staff_id)
        return choose_place(desk, mention_id, staff_id, *_pair(value))
    reason = sent.text(f"why-{task}") or sent.text("reason")
    return say(desk, mention_id, staff_id, LABELS[task], act, value, reason)


def _same(console: Console, sent: Submission, act: Act, value: str) -> bool:
    """Whether another report tells the same: the verdict is kept, and what is the same is joined."""
    follower_id, request_id = _pair(sent.text("pair-same"))
    relation = {Act.ACCEPT: NeighbourRelation.SAME, Act.REJECT: NeighbourRelation.DIFFERENT}.get(act)
    if relation is None:
        if value not in set(NeighbourRelation):
            raise NotApproved(["Choose one from the list."])
        relation = NeighbourRelation(value)
    joiner = joiner_of(console)
    if relation == NeighbourRelation.SAME:
        joiner.join(follower_id, request_id, sent.visitor.id)
    else:
        joiner.say(follower_id, request_id, relation, sent.visitor.id)
    return False


def joiner_of(console: Console) -> Joiner:
    """Who joins, with the drafter that writes each follower's own reply."""
    desk = console.product.desk
    drafter = Drafter(desk.length_of, desk.find_private, console.city_time.zone, desk.speaking)
    return Joiner(console.product.database, console.now, drafter)


def _pair(value: str) -> tuple[int, int]:
    """Two numbers as "7.2"; of nothing where it names none."""
    found = re.fullmatch(r"(\d{1,18})\.(\d{1,18})", value, re.ASCII)
    return (int(found[1]), int(found[2])) if found else (0, 0)
