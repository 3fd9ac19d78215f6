"""The evidence card, one line for each suggestion: what, how sure, what else, because of which words, and who said so.

A line names the marks in the post that it rests on (`of`), so that they stand out while it has the focus or the mouse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from classifier.taxonomy import CATEGORIES
from hark311.console import words
from hark311.console.added_requests import degrees_text
from hark311.console.decisions import DecisionForm
from hark311.console.evidence import Bar, Why
from hark311.console.mention_queries import MentionPage
from hark311.console.neighbour_queries import NeighbourCard
from hark311.console.place_queries import PlaceCard
from hark311.console.queries import names_of_staff
from models import (
    EvidenceKind,
    Label,
    LabelSource,
    LabelTask,
    NeighbourRelation,
    NeighbourVerdict,
    Power,
    Service,
    StaffUser,
    Understanding,
)
from models.labels import DANGER, NO_DANGER
from models.threads import posts_of

OTHERS = 3
WORDS_SHOWN = 4
URGENCIES = {DANGER: "Danger to life or limb", NO_DANGER: "No danger"}
RELATIONS = {
    NeighbourRelation.SAME: "Same problem: join it",
    NeighbourRelation.RELATED: "Related",
    NeighbourRelation.DIFFERENT: "A different problem",
}
DID = {
    LabelSource.CONFIRMED: "confirmed this",
    LabelSource.CORRECTED: "set this",
    LabelSource.REJECTED: "refused what we had said",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """Who said something about a suggestion, what they did and when, and what we had said before."""

    who: str
    did: str
    at: datetime
    suggested: str = ""
    probability: float = 0.0


@dataclass(frozen=True, slots=True)
class Line:
    """One suggestion. `task`: its name in addresses and fields. `of`: the kinds of evidence that its words are of.

    `because`: words of the post; `grounds`: what else it rests on, a pin or a distance.
    probability: 0 to 1, None where there is none. `choices`: what it can be instead, (value, words); "" is nothing.
    `hidden`: sent with every act.
    """

    task: str
    title: str
    of: str
    value: str
    probability: float | None = None
    others: Sequence[Bar] = ()
    because: Sequence[str] = ()
    grounds: Sequence[str] = ()
    said: Spoken | None = None
    choices: Sequence[tuple[str, str]] = ()
    chosen: str = ""
    hidden: str = ""
    needs_reason: bool = False
    can_accept: bool = True
    can_reject: bool = True


def lines_of(
    session: Session,
    page: MentionPage,
    form: DecisionForm,
    place: PlaceCard,
    neighbours: NeighbourCard,
    staff: StaffUser,
) -> list[Line]:
    """The lines in their order, with what this person may do; none where nothing is understood yet."""
    understanding, card = page.understanding, page.card
    if understanding is None or card is None:
        return []
    posts = posts_of(session, page.mention.id or 0)
    texts = {post.id: post.text for post in posts}
    maker = _Maker(session, page, understanding, texts, staff.may(Power.APPROVE))
    return [
        maker.intent(card.intents, card.why_intent),
        maker.service(card.services, card.why_service, form),
        maker.place(place, form),
        maker.urgency(),
        maker.language(),
        maker.same(neighbours),
    ]


def _filed_place(page: MentionPage) -> str:
    """Where the newest report that was filed says it is."""
    newest = next(iter(page.reports), None)
    if newest is None:
        return ""
    point = newest.lat is not None and newest.long is not None
    return newest.address_string or (f"{degrees_text(newest.lat)}, {degrees_text(newest.long)}" if point else "")


@dataclass(slots=True)
class _Maker:
    session: Session
    page: MentionPage
    understanding: Understanding
    texts: dict[int | None, str]
    may_approve: bool
    """Only an approver says that a danger is none, or which reports tell the same."""

    def intent(self, bars: Sequence[Bar], why: Why | None) -> Line:
        label, named = self.page.said.get(LabelTask.INTENT), {one.value: word for one, word in words.INTENT.items()}
        value, probability, others = _best(bars)
        return Line(
            task="intent",
            title="Wants",
            of="intent",
            value=_said_value(label, named) or value or "nothing suggested",
            probability=None if _corrected(label) else probability,
            others=others,
            because=self._words(EvidenceKind.INTENT, why),
            said=self._spoken(label, named),
            choices=[(one.value, word) for one, word in words.INTENT.items()],
            chosen=label.value if label else self.understanding.intent or "",
            can_accept=self.understanding.intent is not None,
        )

    def service(self, bars: Sequence[Bar], why: Why | None, form: DecisionForm) -> Line:
        label, names = self.page.said.get(LabelTask.CATEGORY), self.page.service_names
        value, probability, others = _best(bars)
        drafted = names.get(form.service_code, "")
        shown = drafted if label and drafted and label.source != LabelSource.REJECTED else value
        other = bool(drafted) and form.service_code != self.understanding.service_code
        return Line(
            task="service",
            title="Service",
            of="category weighed",
            value="not what we suggested" if _refused(label) else drafted if other else shown or "nothing suggested",
            probability=None if other or _refused(label) else probability,
            others=others,
            because=self._words(EvidenceKind.CATEGORY, why),
            said=self._spoken(label, self._categories()),
            choices=[(one.service_code, one.service_name) for one in self.page.services],
            chosen=form.service_code or self.understanding.service_code or "",
            can_accept=self.understanding.service_code is not None and self._is_open,
            can_reject=self._is_open,
        )

    def place(self, place: PlaceCard, form: DecisionForm) -> Line:
        label, best = self.page.said.get(LabelTask.PLACE), next(iter(place.places), None)
        point = f"{form.lat}, {form.long}" if form.point else ""
        filed = "" if self._is_open else _filed_place(self.page)
        in_use = next((one for one in place.places if one.in_use), None)
        spans = self.understanding.evidence_spans()
        pins = [one.note for one in spans if one.kind == EvidenceKind.LOCATION and one.note]
        return Line(
            task="place",
            title="Place",
            of="location",
            value=form.address_string or point or filed or "no place yet",
            probability=in_use.score if in_use else None,
            others=[Bar(one.name, one.score, False) for one in place.places if one is not in_use][:OTHERS],
            because=self._words(EvidenceKind.LOCATION, None),
            grounds=[f"the {one}" for one in dict.fromkeys(pins)],
            said=self._spoken(label, {label.suggested: label.suggested.partition(" ")[2]} if label else {}),
            choices=[(f"{place.understanding_id}.{one.index}", one.name) for one in place.places],
            can_accept=bool(form.address_string or point or best) and self._is_open,
            can_reject=bool(form.address_string or point) and self._is_open,
        )

    def urgency(self) -> Line:
        label, danger = self.page.said.get(LabelTask.URGENCY), self.page.mention.danger
        rule = self.understanding.danger_rule.replace("_", " ") if self.understanding.danger else ""
        return Line(
            task="urgency",
            title="Urgency",
            of="danger",
            value=f"Danger: {rule}" if danger and rule else URGENCIES[DANGER] if danger else "no sign of danger",
            probability=self.understanding.danger_score or None,
            because=self._words(EvidenceKind.DANGER, None),
            said=self._spoken(label, URGENCIES),
            choices=list(URGENCIES.items()) if self.may_approve or not danger else (),
            chosen=NO_DANGER if danger else DANGER,
            needs_reason=danger,
        )

    def language(self) -> Line:
        label, suggested = self.page.said.get(LabelTask.LANGUAGE), self.understanding.language
        known = suggested != "und"
        return Line(
            task="language",
            title="Language",
            of="language",
            value=_said_value(label, words.LANGUAGES) or words.language_name(suggested),
            probability=self.understanding.language_probability if known and not _corrected(label) else None,
            because=self._words(EvidenceKind.LANGUAGE, None),
            grounds=["the whole text"] if known else [],
            said=self._spoken(label, words.LANGUAGES),
            choices=list(words.LANGUAGES.items()),
            chosen=label.value if label else suggested,
            can_accept=known,
        )

    def same(self, neighbours: NeighbourCard) -> Line:
        first = next(iter(neighbours.suggested), None)
        if neighbours.joined_to:
            head = neighbours.head.request_id if neighbours.head else 0
            said = self._verdict(self.page.mention.id or 0, head)
            title, value = "Same as", f"joined to {neighbours.joined_to}"
            return Line("same", title, "location", value, said=said, can_accept=False, can_reject=False)
        if first is None:
            told = "nobody else has reported it, as far as we can tell"
            return Line("same", "Same as", "location", told, can_accept=False, can_reject=False)
        others = [Bar(f"{one.side.number} by {one.side.author}", one.score, False) for one in neighbours.suggested[1:]]
        return Line(
            task="same",
            title="Same as",
            of="category location",
            value=f"{first.side.number} by {first.side.author}",
            probability=first.score,
            others=others[:OTHERS],
            grounds=first.reasons,
            said=self._verdict(first.follower_id, first.target_id),
            choices=[(one.value, word) for one, word in RELATIONS.items()] if self.may_approve else (),
            chosen=NeighbourRelation.RELATED,
            hidden=f"{first.follower_id}.{first.target_id}" if self.may_approve else "",
            can_accept=self.may_approve,
            can_reject=self.may_approve,
        )

    @property
    def _is_open(self) -> bool:
        return self.page.draft_request is not None or self.page.filed is None

    def _words(self, kind: EvidenceKind, why: Why | None) -> list[str]:
        """The words that a suggestion rests on: what the rules marked, and what weighs most for it."""
        texts = self.texts
        spans = [one for one in self.understanding.evidence_spans() if one.kind == kind]
        fit = [one for one in spans if 0 <= one.start < one.end <= len(texts.get(one.post_id, ""))]
        marked = [" ".join(texts[one.post_id][one.start : one.end].split()) for one in fit]
        weighed = [one.text for one in why.speak_for] if why else []
        return list(dict.fromkeys(one for one in (*marked, *weighed) if one))[:WORDS_SHOWN]

    def _categories(self) -> dict[str, str]:
        """Category -> its name, in the words of the service that stands for it where there is one."""
        services = self.session.exec(select(Service).where(col(Service.active).is_(True))).all()
        return {**CATEGORIES, **{one.category or one.service_code: one.service_name for one in services}}

    def _spoken(self, label: Label | None, names: dict[str, str]) -> Spoken | None:
        if label is None or label.source not in DID:
            return None
        who = names_of_staff(self.session, [label.staff_id]).get(label.staff_id or 0, "somebody")
        suggested = "" if label.source == LabelSource.CONFIRMED else names.get(label.suggested, label.suggested)
        return Spoken(who, DID[label.source], label.at, suggested, label.probability)

    def _verdict(self, mention_id: int, request_id: int) -> Spoken | None:
        row = self.session.exec(
            select(NeighbourVerdict).where(
                NeighbourVerdict.mention_id == mention_id, NeighbourVerdict.request_id == request_id
            )
        ).first()
        if row is None:
            return None
        who = names_of_staff(self.session, [row.staff_id]).get(row.staff_id, "somebody")
        return Spoken(who, f"said: {RELATIONS[row.relation].partition(':')[0].lower()}", row.at)


def _best(bars: Sequence[Bar]) -> tuple[str, float | None, list[Bar]]:
    """The suggested answer with its probability, and the others; no value where nothing is suggested."""
    chosen = next((one for one in bars if one.chosen), None)
    others = [one for one in bars if one is not chosen][:OTHERS]
    return (chosen.name, chosen.probability, others) if chosen else ("", None, others)


def _corrected(label: Label | None) -> bool:
    return label is not None and label.source != LabelSource.CONFIRMED


def _refused(label: Label | None) -> bool:
    return label is not None and label.source == LabelSource.REJECTED


def _said_value(label: Label | None, names: dict[str, str]) -> str:
    if label is None:
        return ""
    return "not what we suggested" if _refused(label) else names.get(label.value, label.value)
