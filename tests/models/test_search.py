"""Full-text search on both databases: words in any script, and nothing of what was deleted."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select, text

from models import Author, Channel, Database, Mention, MentionWords, Post, search
from models.deletion import forget_post
from models.search import index_mentions, matching, numbered, terms
from responders.forgetting import forget_author
from tests.rows import MORNING, a_mention, a_request


def said(session: Session, words: str, channel: Channel = Channel.X) -> int:
    mention = a_mention(session, words, channel)
    index_mentions(session, [mention.id or 0])
    return mention.id or 0


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ("Deep POTHOLE at 5th and Cambria", "pothole cambria"),
        ("Deep potholes everywhere", "pothole"),
        ("Two churches, three bodies of water", "church body"),
        ("Flooded basements", "basem flood"),
        ("Hay un bache en la Avenida Girardón", "avenida girardon"),
        ("Có ổ gà lớn trên đường", "o ga"),
        ("大街5号的路灯坏了，请尽快修理", "路灯"),
        ("大街5号的路灯坏了，请尽快修理", "路灯坏了"),
        ("មានរណ្តៅធំនៅផ្លូវ Girard", "រណ្តៅ"),
        ("가로등이 고장났어요", "가로등"),
        ("عمود الإنارة لا يعمل", "الانارة"),
        ("ল্যাম্পপোস্ট নষ্ট", "ল্যাম্পপোস্ট"),
        ("Огромная яма у дома", "ЯМА"),
        ("@dee_fromthe215 wrote", "dee_fromthe215"),
        ("5th & Cambria: wire down!!", '5th "cambria" (wire* ^'),
    ],
)
def test_words_are_found_in_every_script(either_database: Database, words: str, query: str) -> None:
    with either_database.write() as session:
        found, _other = said(session, words), said(session, "nothing of the kind 街道")
        assert matching(session, query, None, 10) == [found]


@pytest.mark.parametrize(
    "query", ["", "  ", "!?*", '"', "'; DROP TABLE post", "\N{RIGHT-TO-LEFT OVERRIDE}", "x" * 5000]
)
def test_what_is_no_word_of_a_post_finds_nothing_and_breaks_nothing(either_database: Database, query: str) -> None:
    with either_database.write() as session:
        said(session, "pothole")
        assert matching(session, query, None, 10) == []


def test_the_newest_come_first_and_pages_go_on(either_database: Database) -> None:
    with either_database.write() as session:
        ids = [said(session, f"pothole number {number}") for number in range(5)]
        assert matching(session, "pothole", None, 3) == ids[:1:-1]
        assert matching(session, "pothole", ids[2], 3) == [ids[1], ids[0]]


def test_rare_words_are_found_however_long_ago_they_were_said(
    either_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "NEAR", 1)
    monkeypatch.setattr(search, "FARTHER", 2)
    with either_database.write() as session:
        rare = said(session, "a flamingo")
        often = [said(session, "pothole") for _ in range(6)]
        assert matching(session, "flamingo", None, 2) == [rare]
        assert matching(session, "pothole", None, 1) == [often[5]]
        assert matching(session, "pothole", None, 2) == [often[5], often[4]]
        assert matching(session, "pothole", often[4], 3) == [often[3], often[2], often[1]]


def test_authors_are_found_by_handle_and_by_name(either_database: Database) -> None:
    with either_database.write() as session:
        mention_id = said(session, "pothole")
        author = session.get_one(Author, session.get_one(Mention, mention_id).author_id)
        author.display_name = "Rosa Marín"
        session.add(author)
        index_mentions(session, [mention_id])
        assert matching(session, f"@{author.handle}", None, 5) == [mention_id]
        assert matching(session, "rosa marin", None, 5) == [mention_id]


def test_a_request_is_found_by_the_citys_number_and_by_ours(either_database: Database) -> None:
    with either_database.write() as session:
        mention_id = said(session, "pothole")
        request = a_request(session, session.get_one(Mention, mention_id))
        request.service_request_id = "13075315"
        session.add(request)
        session.flush()
        assert numbered(session, " #13075315 ") == [mention_id]
        assert numbered(session, request.reference.lower()) == [mention_id]
        assert numbered(session, "1307531") == []


def test_a_deleted_post_leaves_the_index(either_database: Database) -> None:
    with either_database.write() as session:
        gone, stays = said(session, "unmistakable pothole"), said(session, "another pothole")
        post = session.exec(select(Post).where(Post.mention_id == gone)).one()
        forget_post(session, post, "test", "its author deleted it", MORNING)
    with either_database.read() as session:
        assert matching(session, "unmistakable", None, 5) == []
        assert matching(session, "pothole", None, 5) == [stays]
        assert session.get(MentionWords, gone) is None


def test_of_a_mention_that_keeps_a_post_only_the_deleted_words_leave_the_index(either_database: Database) -> None:
    with either_database.write() as session:
        mention_id = said(session, "unmistakable pothole")
        first = session.exec(select(Post).where(Post.mention_id == mention_id)).one()
        more = first.model_dump(exclude={"id", "text", "channel_post_id", "edit_chain"})
        session.add(Post(**more, text="near the corner store", channel_post_id="more", edit_chain="more"))
        index_mentions(session, [mention_id])
        assert matching(session, "unmistakable corner", None, 5) == [mention_id]
        forget_post(session, first, "test", "its author deleted it", MORNING)
        assert matching(session, "unmistakable", None, 5) == []
        assert matching(session, "corner store", None, 5) == [mention_id]


def test_who_asks_to_be_forgotten_is_found_no_more(either_database: Database) -> None:
    with either_database.write() as session:
        mention_id = said(session, "unmistakable pothole")
        mention = session.get_one(Mention, mention_id)
        author, post = session.get_one(Author, mention.author_id), session.exec(select(Post)).one()
        handle, kept = (
            author.handle,
            post.model_dump(exclude={"id", "text", "channel_post_id", "edit_chain", "mention_id"}),
        )
        later = MORNING + timedelta(hours=1)
        command = Post(**kept, text="/forget", channel_post_id="c", edit_chain="c")
        session.add(command)
        session.flush()
        forget_author(session, author, command, later)
        assert matching(session, handle, None, 5) == []
        assert matching(session, "unmistakable", None, 5) == []


def test_no_term_of_a_deleted_post_is_left_in_the_file_of_the_index(database: Database) -> None:
    with database.write() as session:
        for number in range(30):
            said(session, f"pothole {number}")
    with database.write() as session:
        gone = said(session, "unmistakable pothole")
    with database.write() as session:
        post = session.exec(select(Post).where(Post.mention_id == gone)).one()
        forget_post(session, post, "test", "deleted", MORNING)
    with database.write() as session:
        session.connection().execute(text("INSERT INTO mention_find (mention_find) VALUES ('integrity-check')"))
        blocks = session.connection().execute(text("SELECT block FROM mention_find_data")).scalars().all()
        assert any(b"pothole" in bytes(block) for block in blocks)
        assert all(b"mistak" not in bytes(block) for block in blocks)


def test_a_text_without_spaces_becomes_pairs_of_neighbours() -> None:
    assert terms("路灯坏了 on 5th") == ["路灯", "灯坏", "坏了", "on", "5th"]
    assert terms("坏") == ["坏"]
    assert terms("Street’s LIGHTS, é!") == ["street", "s", "light", "e"]
    assert terms("bus address 311s") == ["bus", "address", "311s"]
