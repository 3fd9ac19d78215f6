"""What approved requests teach about places, and what they do not."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from models import Candidate, Channel, Database, Evidence, EvidenceKind, Post, RequestState, Understanding
from models.deletion import forget_post
from models.place_labels import confirmed_places
from tests.rows import MORNING, a_mention, a_request

TEXT = "deep hole at 5th and Market, near the old mill"
NAMED, BESIDE = (13, 27), (38, 46)


def approved(
    session: Session,
    address: str,
    *,
    text: str = TEXT,
    channel: Channel = Channel.TELEGRAM,
    found: tuple[tuple[int, int], ...] = (NAMED,),
    approved_after: timedelta | None = timedelta(hours=1),
) -> Post:
    """The post behind a request that a person approved an hour after it came, with the places found in it."""
    mention = a_mention(session, text, channel)
    post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
    evidence = [
        Evidence(kind=EvidenceKind.LOCATION, start=start, end=end, post_id=post.id, rule="intersection: two streets")
        for start, end in found
    ]
    session.add(
        Understanding(
            mention_id=mention.id or 0,
            model_version="test",
            location_phrase=text[slice(*found[0])] if found else "",
            evidence=[one.model_dump() for one in evidence],
            places=[Candidate(kind="intersection", name="N 5th St & Market St", source="test").model_dump()],
            created_at=MORNING,
        )
    )
    request = a_request(session, mention)
    request.address_string = address
    if approved_after:
        request.approved_at, request.state = MORNING + approved_after, RequestState.APPROVED
    session.add(request)
    session.flush()
    return post


def taught(session: Session) -> list[list[tuple[str, str]]]:
    """The words and the kind of every place, text by text."""
    return [[(one.text[span.start : span.end], span.kind) for span in one.spans] for one in confirmed_places(session)]


@pytest.mark.parametrize("address", ["5th and Market", "N 5th St & Market St"])
def test_a_place_left_as_it_was_found_or_chosen_is_confirmed(either_database: Database, address: str) -> None:
    with either_database.write() as session:
        approved(session, address)
        assert taught(session) == [[("5th and Market", "intersection")]]


def test_words_a_person_took_from_the_post_are_a_place_beside_what_was_found(database: Database) -> None:
    with database.write() as session:
        approved(session, "the  Old mill")
        assert taught(session) == [[("5th and Market", "intersection"), ("the old mill", "")]]


def test_words_a_person_took_stand_against_what_was_found_in_them(database: Database) -> None:
    with database.write() as session:
        approved(session, "hole at 5th and Market")
        assert taught(session) == [[("hole at 5th and Market", "")]]


def test_an_address_that_stands_nowhere_in_the_post_teaches_nothing(database: Database) -> None:
    with database.write() as session:
        approved(session, "12 Elm St")
        assert taught(session) == []


def test_a_part_of_a_word_is_no_place(database: Database) -> None:
    with database.write() as session:
        approved(session, "old mil")
        assert taught(session) == []


def test_a_post_without_a_place_whose_request_names_none_says_so(database: Database) -> None:
    with database.write() as session:
        approved(session, "", text="thank you, it is done", found=())
        assert taught(session) == [[]]


def test_a_place_a_person_took_out_teaches_nothing(database: Database) -> None:
    with database.write() as session:
        approved(session, "")
        assert taught(session) == []


def test_what_nobody_approved_teaches_nothing(database: Database) -> None:
    with database.write() as session:
        approved(session, "5th and Market", approved_after=None)
        assert taught(session) == []


def test_what_was_found_after_the_approval_was_seen_by_nobody(database: Database) -> None:
    with database.write() as session:
        approved(session, "5th and Market", approved_after=timedelta(minutes=-1))
        assert taught(session) == []


def test_a_deleted_post_teaches_nothing(database: Database) -> None:
    with database.write() as session:
        post = approved(session, "5th and Market")
        forget_post(session, post, "test", "deleted", MORNING + timedelta(hours=2))
        session.flush()
        assert taught(session) == []
