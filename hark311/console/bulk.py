"""Several mentions decided together: each one shown before, and decided one by one as it was shown.

Nothing here decides: every mention goes through responders.review by itself, and whatever stands against one of them is
said beside it while the others go on.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from hashlib import sha256

from sqlmodel import Session, col, select

from hark311.console import mention_queries
from hark311.console.decisions import DecisionForm, form_of_page
from hark311.console.mention_queries import MentionPage, NoSuchMention
from hark311.console.pages import Console
from hark311.console.preview import Preview, preview
from hark311.console.visits import Submission, Visitor
from models import Author, IllegalTransition, Mention, Power, RequestState, ServiceRequest, scope_of
from models.pictures import pictures_of
from models.threads import posts_of
from responders.assigning import CannotTake, assign
from responders.deciding import NotApproved, NotFound
from responders.joining import Joiner, NotJoined
from responders.review import NotYours

MOST = 50
"""As many as a page of the queue has."""
REFUSALS = (NotApproved, NotYours, NotFound, NoSuchMention, IllegalTransition, CannotTake, NotJoined)


class Action(StrEnum):
    """What can be done to several mentions at once."""

    APPROVE = "approve"
    CLOSE = "close"
    ASIDE = "aside"
    ASSIGN = "assign"
    JOIN = "join"


POWER = {
    Action.APPROVE: Power.APPROVE,
    Action.CLOSE: Power.APPROVE,
    Action.ASIDE: Power.APPROVE,
    Action.ASSIGN: Power.DRAFT,
    Action.JOIN: Power.APPROVE,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One of the mentions as it is shown. `mark` names exactly this version of it; `against`: why it is left out."""

    id: int
    account: str
    channel: str
    author: str
    danger: bool
    said: list[str]
    service: str
    form: DecisionForm
    preview: Preview
    keys: int
    request: ServiceRequest | None
    against: list[str]
    mark: str

    @property
    def head(self) -> int | None:
        """ServiceRequest.id that the others could be joined to."""
        request = self.request
        able = request is not None and request.state not in (RequestState.JOINED, RequestState.CANCELLED)
        return request.id if request is not None and able else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mention: done, waiting for a second key, or left as it was, and why.

    `before`: StaffUser.id of whom it was assigned to before an ASSIGN; None is nobody in particular.
    """

    id: int
    author: str
    done: bool
    why: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person wants done to several mentions, besides which ones."""

    action: Action
    reason: str = ""
    assign_to: int | None = None
    head: int = 0


def chosen(sent: Submission) -> dict[int, str]:
    """The mentions that were ticked, each with the mark that stood beside it."""
    picked = {name[1:]: value for name, value in sent.fields.items() if name[:1] == "m" and name[1:].isdecimal()}
    return {int(name): value for name, value in picked.items() if len(name) < 18}


def show(console: Console, visitor: Visitor, action: Action, ids: Sequence[int]) -> list[Shown]:
    """Each of the mentions with all that would leave, in the order they were chosen; those that are gone left out."""
    found = []
    for mention_id in ids[:MOST]:
        try:
            found.append(_shown(console, visitor, action, mention_id))
        except NoSuchMention:
            continue
    return found


def carry_out(console: Console, visitor: Visitor, wanted: Wanted, marks: dict[int, str]) -> list[Outcome]:
    """Do it to each of them by itself, if it still is what was shown."""
    outcomes = []
    for mention_id, mark in list(marks.items())[:MOST]:
        try:
            do = _place if wanted.action in (Action.ASSIGN, Action.JOIN) else _decide
            outcomes.append(do(console, visitor, wanted, mention_id, mark))
        except REFUSALS as error:
            outcomes.append(Outcome(mention_id, _author(console, mention_id), done=False, why=_said(error)))
    return outcomes


def undo(
    console: Console, visitor: Visitor, action: Action, before: dict[int, int | None], to: int | None = None
) -> list[Outcome]:
    """Take back what was just done, each by itself: an approval while it is held, a closing at any time.

    Of an ASSIGN, `to` is whom it gave the mentions to, and `before` whose each of them was until then.
    """
    desk, outcomes = console.product.desk, []
    for mention_id, whose in list(before.items())[:MOST]:
        try:
            _require_scope(console, visitor, mention_id)
            if action is Action.APPROVE:
                desk.take_back(mention_id, visitor.id)
                desk.release(mention_id, visitor.id)
            elif action is Action.JOIN:
                Joiner(console.product.database, console.now).part(mention_id, visitor.id)
            elif action is Action.ASSIGN:
                _assign_back(console, visitor, mention_id, to, whose)
            else:
                desk.reopen(mention_id, visitor.id, "closed together with others by mistake")
            outcomes.append(Outcome(mention_id, _author(console, mention_id), done=True))
        except REFUSALS as error:
            outcomes.append(Outcome(mention_id, _author(console, mention_id), done=False, why=_said(error)))
    return outcomes


def _place(console: Console, visitor: Visitor, wanted: Wanted, mention_id: int, mark: str) -> Outcome:
    """Say whose it is, or what it belongs to. Raises one of REFUSALS. `why`: why nothing had to be done."""
    one = _as_shown(console, visitor, wanted.action, mention_id, mark)
    done = Outcome(one.id, one.author, done=True)
    if wanted.action is Action.ASSIGN:
        before = _assign(console, visitor, one.id, wanted.assign_to)
        return replace(done, before=before, why="it was so already" if before == wanted.assign_to else "")
    if one.request is not None and one.request.id == wanted.head:
        return replace(done, why="the others follow it")
    Joiner(console.product.database, console.now).join(one.id, wanted.head, visitor.id)
    return done


def _decide(console: Console, visitor: Visitor, wanted: Wanted, mention_id: int, mark: str) -> Outcome:
    """Raises one of REFUSALS. `why` of the outcome says what still has to happen.

    It is claimed before it is looked at again: from then on nobody else can change what was shown.
    """
    desk, held = console.product.desk, _require_scope(console, visitor, mention_id)
    desk.claim(mention_id, visitor.id)
    try:
        one = _as_shown(console, visitor, wanted.action, mention_id, mark)
        done = Outcome(one.id, one.author, done=True)
        if wanted.action is Action.APPROVE:
            approved = desk.approve(one.id, visitor.id, one.form.decided())
            return replace(done, why="it waits for a second key" if approved.first_key else "")
        put_away = desk.set_aside if wanted.action is Action.ASIDE else desk.reject
        put_away(one.id, visitor.id, wanted.reason)
    except NotApproved:
        with suppress(NotYours):  # their own first key waits for another person already
            if not held:
                desk.release(mention_id, visitor.id)
        raise
    return done


def _as_shown(console: Console, visitor: Visitor, action: Action, mention_id: int, mark: str) -> Shown:
    """The mention as it stands now. Raises NotApproved where it is another than was shown, or may not be decided so."""
    one = _shown(console, visitor, action, mention_id)
    if one.mark != mark:
        raise NotApproved(["It changed since you looked at it. Look again, then decide."])
    if one.against:
        raise NotApproved(one.against)
    return one


def _assign(console: Console, visitor: Visitor, mention_id: int, to: int | None) -> int | None:
    """Returns whose it was before."""
    with console.product.database.write() as session:
        mention = _locked(session, mention_id)
        before = mention.assigned_to
        assign(session, mention, to, f"staff:{visitor.id}", console.now())
        return before


def _assign_back(console: Console, visitor: Visitor, mention_id: int, to: int | None, before: int | None) -> None:
    """Give back to whose it was before what still is as it was assigned. Raises CannotTake."""
    with console.product.database.write() as session:
        mention = _locked(session, mention_id)
        if mention.assigned_to != to:
            raise CannotTake("It was assigned anew meanwhile, and stays so.")
        assign(session, mention, before, f"staff:{visitor.id}", console.now())


def _locked(session: Session, mention_id: int) -> Mention:
    mention = session.get(Mention, mention_id, with_for_update=True)
    if mention is None:
        raise NoSuchMention
    return mention


def _shown(console: Console, visitor: Visitor, action: Action, mention_id: int) -> Shown:
    """Raises NoSuchMention, also for what is not the person's to see."""
    _require_scope(console, visitor, mention_id)
    product = console.product
    with product.database.read() as session:
        page = mention_queries.mention_page(session, mention_id, console.now(), product.desk.speaking)
        form = form_of_page(page)
        seen = preview(session, product, page, form, visitor.staff)
        said = [post.text for post in posts_of(session, mention_id)]
    against = _against(console, visitor, action, page, form)
    asks = action is Action.APPROVE and not against
    return Shown(
        id=mention_id,
        account=f"@{page.account.handle}" if page.account.handle else page.account.name,
        channel=page.facts.label,
        author=page.author.called,
        danger=page.mention.danger,
        said=said,
        service=page.service_names.get(form.service_code, ""),
        form=form,
        preview=seen,
        keys=product.desk.keys(mention_id, visitor.id, form.decided()).count if asks else 1,
        request=page.first_request,
        against=against,
        mark=_mark(form),
    )


def _against(console: Console, visitor: Visitor, action: Action, page: MentionPage, form: DecisionForm) -> list[str]:
    if not page.open:
        return [f"It is {page.sign.word} now."]
    if page.holder and page.mention.claimed_by != visitor.id:
        return [f"{page.holder} is working on it."]
    if action is not Action.APPROVE:
        return []
    if form.added:
        return ["More than one request waits in it: read them on its own page, and approve it there."]
    if page.mention.danger:
        return ["A danger is answered on its own page."]
    if page.draft is not None and page.draft.conversation_id not in (None, page.mention.conversation_id):
        return ["It goes on in private: approve it on its own page."]
    with console.product.database.read() as session:
        if page.draft is not None and pictures_of(session, page.draft.id or 0):
            return ["Its reply has pictures: look at them on its own page, and approve it there."]
    return form.problems() or console.product.desk.objections(page.mention.id or 0, form.decided())


def _mark(form: DecisionForm) -> str:
    """Names all that was shown: the version of the thread, and every word and field that would leave."""
    return sha256(json.dumps(asdict(form), sort_keys=True, default=str).encode()).hexdigest()[:32]


def _require_scope(console: Console, visitor: Visitor, mention_id: int) -> bool:
    """Whether they hold it already. Raises NoSuchMention."""
    with console.product.database.read() as session:
        mention, scope = session.get(Mention, mention_id), scope_of(session, visitor.id)
    if mention is None or not (mention.claimed_by == visitor.id or scope.covers(mention)):
        raise NoSuchMention
    return mention.claimed_by == visitor.id


def _author(console: Console, mention_id: int) -> str:
    with console.product.database.read() as session:
        return _called(session, mention_id)


def _called(session: Session, mention_id: int) -> str:
    """What the author of a mention is called; its number where it is gone."""
    author = session.exec(
        select(Author).join(Mention, col(Mention.author_id) == Author.id).where(Mention.id == mention_id)
    ).first()
    return author.called if author else f"Mention {mention_id}"


def _said(error: Exception) -> str:
    if isinstance(error, IllegalTransition):
        return "It changed in the meantime, so this could not be done any more."
    return str(error) or "It is gone, or colleagues with another part of the work look after it."
