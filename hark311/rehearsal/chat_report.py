"""The score of a rehearsed chat: what a script checks, and what a trainee reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

LINKED_AT_LEAST = 0.95
"""Of the answers, so many belong to the question they answer."""
ON_BOARD_WITHIN = 5.0
"""Seconds on the wall from the network to the moderator's board."""


@dataclass(frozen=True, slots=True)
class ChatScore:
    """The counts. Seconds are the chat's own, but for `emergency_seconds`, `behind_seconds` and `seconds`: the wall's.

    None: there was nothing to count. `lost`: said, and not stored; `not_on_board`: stored, and not on the board.
    `left_to_queue`: names the account without the tag, and was taken for something else than the chat's.
    `deleted_still_shown`: posts that their authors deleted and whose words are still here. `behind_seconds`: how late
    residents wrote at most, because the machine did not keep up with `speed`.
    """

    posts: int
    stored: int
    lost: int
    doubled: int
    not_on_board: int
    left_to_queue: int
    deleted_still_shown: int
    answers: int
    answers_linked: int
    labelled: int
    lanes_right: int
    emergencies: int
    emergency_seconds: float | None
    emergency_acknowledged_seconds: float | None
    questions: int
    answered: int
    unanswered: int
    median_seconds_to_answer: float | None
    wrong_facts: int
    wrong_fact_seconds: float | None
    wrong_facts_standing: int
    replies_sent: int
    replies_unapproved: int
    replies_doubled: int
    moderation_by_clause: Mapping[str, int]
    moderated_wrongly: int
    threats: int
    threats_hidden: int
    posts_planned: int
    posts_sent: int
    posts_skipped: int
    recap_languages: Sequence[str]
    recap_written: Sequence[str]
    speed: float
    behind_seconds: float
    seconds: float
    waiting_at_the_end: Sequence[str] = field(default_factory=tuple)

    @property
    def answers_linked_share(self) -> float | None:
        """Of the answers, the share that belongs to the right question."""
        return round(self.answers_linked / self.answers, 4) if self.answers else None

    @property
    def lanes_right_share(self) -> float | None:
        """Of the labelled posts, the share that the rules put into the right lane."""
        return round(self.lanes_right / self.labelled, 4) if self.labelled else None

    @property
    def broken(self) -> Sequence[str]:
        """The promises that were not kept, a sentence each."""
        return list(_broken(self))

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return not self.broken

    def as_dict(self) -> dict[str, Any]:
        """All counts and shares, what was not kept, and whether all was."""
        shares = {"answers_linked_share": self.answers_linked_share, "lanes_right_share": self.lanes_right_share}
        return asdict(self) | shares | {"broken": list(self.broken), "kept": self.kept}


def _broken(one: ChatScore) -> Iterator[str]:
    """Lost, doubled, left off the board, unlinked, late, unapproved, wrongly moderated, without a recap."""
    for what, count in (
        ("posts were lost", one.lost),
        ("posts were stored twice", one.doubled),
        ("posts are not on the board", one.not_on_board),
        ("deleted posts still show their words", one.deleted_still_shown),
        ("posts of ours left without approval", one.replies_unapproved),
        ("posts of ours stand twice", one.replies_doubled),
        ("acts of moderation are against posts that the policy allows", one.moderated_wrongly),
    ):
        if count:
            yield f"{count} {what}."
    if one.answers_linked_share is not None and one.answers_linked_share < LINKED_AT_LEAST:
        yield f"{one.answers_linked} of {one.answers} answers belong to their question; {LINKED_AT_LEAST:.0%} should."
    if one.emergencies and (one.emergency_seconds is None or one.emergency_seconds >= ON_BOARD_WITHIN):
        took = "never" if one.emergency_seconds is None else f"after {one.emergency_seconds:.1f} s"
        yield f"An emergency came on the board {took}; {ON_BOARD_WITHIN:.0f} s are the most."
    missing = [language for language in one.recap_languages if language not in one.recap_written]
    if missing:
        yield f"There is no recap in {', '.join(missing)}."


def sentences(one: ChatScore) -> list[str]:
    """The score for a person who ran the chat."""
    return [*_of_the_desk(one), *one.broken]


def _of_the_desk(one: ChatScore) -> Iterator[str]:
    yield _answered(one)
    if one.emergencies:
        yield _emergency(one)
    if one.wrong_facts:
        yield _wrong_fact(one)
    if one.threats:
        yield (
            f"{one.threats_hidden} of {one.threats} threats were hidden under the policy; "
            f"rude posts and criticism hidden: {one.moderated_wrongly}."
        )
    yield (
        f"Our posts: {one.posts_sent} of {one.posts_planned} planned left, {one.posts_skipped} were skipped; "
        f"without approval {one.replies_unapproved}, twice {one.replies_doubled}."
    )
    linked = "" if one.answers_linked_share is None else f" Answers linked: {one.answers_linked_share:.1%}."
    lanes = "" if one.lanes_right_share is None else f" Lanes right: {one.lanes_right_share:.1%}."
    yield f"{one.posts} posts: {one.stored} stored, {one.lost} lost, {one.doubled} doubled.{linked}{lanes}"
    if one.recap_written:
        yield f"The recap is written in {', '.join(one.recap_written)}."
    if one.behind_seconds > 1:
        yield (
            f"This machine did not keep up with speed {one.speed:g}: residents wrote up to {one.behind_seconds:.1f} s "
            "late. Choose a lower speed for times that can be trusted."
        )
    if one.waiting_at_the_end:
        yield f"Still waiting at the end: {', '.join(one.waiting_at_the_end)}."


def _answered(one: ChatScore) -> str:
    if not one.questions:
        return "Nobody asked anything."
    median = "" if one.median_seconds_to_answer is None else f", median {clock(one.median_seconds_to_answer)}"
    return f"Answered {one.answered} of {one.questions} questions{median}."


def _emergency(one: ChatScore) -> str:
    if one.emergency_seconds is None:
        return "The emergency never came on the board."
    seen = f"The emergency was on the board after {one.emergency_seconds:.1f} s"
    if one.emergency_acknowledged_seconds is None:
        return f"{seen}; nobody acknowledged it."
    return f"{seen}; it was acknowledged {clock(one.emergency_acknowledged_seconds)} after it was written."


def _wrong_fact(one: ChatScore) -> str:
    if one.wrong_facts_standing:
        return f"{one.wrong_facts_standing} of {one.wrong_facts} wrong facts stood unanswered until the end."
    return f"{one.wrong_facts} wrong fact{'s' * (one.wrong_facts > 1)} stood {clock(one.wrong_fact_seconds or 0)}."


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds: 2:10."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
