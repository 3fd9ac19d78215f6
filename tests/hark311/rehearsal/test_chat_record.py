"""Chats in files: what was kept plays as before, and what cannot be understood is named by its line."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hark311.rehearsal import chat_record
from hark311.rehearsal.chat_case import model_case
from hark311.rehearsal.chat_record import BadRecord, read_record, recorded, understood
from hark311.rehearsal.chat_script import Act, Mark, write_chat
from models import Channel, ChatLane

POST = {"minute": 6, "author": "neighbor1", "network": "x", "text": "A1: the stoop"}


def lines(*told: object) -> bytes:
    return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in told).encode()


def test_what_was_played_can_be_kept_and_plays_again() -> None:
    script = write_chat(model_case(), ["Elm St and Oak Ave"], posts=80, seed=4)
    again = understood(recorded(script).encode())
    assert again.case.hashtag == script.case.hashtag
    assert [one.minute for one in again.case.questions] == [one.minute for one in script.case.questions]
    by_key = {one.key: one for one in again.lines}
    for one in script.lines:
        other = by_key[one.key]
        assert abs(other.at - one.at) < 0.01
        if one.act in (Act.POST, Act.EDIT):
            assert (other.text, other.names_us) == (one.text, one.names_us)
        assert (other.act, other.of, other.under, other.network) == (one.act, one.of, one.under, one.network)
        assert (other.author, other.follows) == (one.author, one.follows)
        if one.act == Act.POST:
            assert (other.lane, other.question, other.mark) == (one.lane, one.question, one.mark)


def test_a_chat_is_kept_with_the_times_at_which_it_was_really_said() -> None:
    script = write_chat(model_case(), ["Elm St and Oak Ave"], posts=20)
    late = understood(recorded(script, {script.lines[0].key: 3_000.0}).encode())
    assert next(one for one in late.lines if one.key == script.lines[0].key).at == pytest.approx(3_000, abs=0.01)


def test_a_file_without_a_plan_is_played_in_the_model_case() -> None:
    script = understood(lines(POST, POST | {"reply_to": "Q1", "lane": "answer", "question": 1, "mark": "flood"}))
    assert script.case == model_case()
    first, second = script.lines
    assert (first.key, second.key) == ("line-1", "line-2")
    assert (second.under, second.follows, second.network) == (1, 1, Channel.X)
    assert (second.lane, second.mark) == (ChatLane.ANSWER, Mark.FLOOD)


def test_a_chat_of_its_own_has_its_own_plan() -> None:
    plan = {"plan": {"hashtag": "#OurBlocks", "minutes": 30, "questions": [{"minute": 3, "text": "What is missing?"}]}}
    script = understood(b"\xef\xbb\xbf" + lines(plan, "", POST))
    assert (script.case.hashtag, script.case.minutes, len(script.case.questions)) == ("OurBlocks", 30, 1)


TWO_QUESTIONS = [{"minute": 9, "text": "b"}, {"minute": 3, "text": "a"}]
BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"\n \n", "The file is empty"),
    "a plan and nobody": (lines({"plan": {"hashtag": "A1b", "questions": [{"minute": 1, "text": "x"}]}}), "Nobody"),
    "no JSON": (lines(POST, "{"), "Line 2: this is no JSON object"),
    "a list": (lines([POST]), "Line 1: this is of another kind"),
    "text is missing": (lines(POST | {"text": " "}), "Line 1, text: this is empty"),
    "author is missing": (lines({"minute": 1, "network": "x", "text": "hi"}), "Line 1, author: this is missing"),
    "an author no network has": (lines(POST | {"author": "<b>"}), "Line 1, author: this is not written"),
    "an unknown name": (lines(POST | {"evil": 1}), "a name that is not known here"),
    "an unknown network": (lines(POST | {"network": "fax"}), "Line 1, network: one of x"),
    "an unknown lane": (lines(POST | {"lane": "up"}), "Line 1, lane: one of question"),
    "no number": (lines(json.dumps(POST).replace("6", "NaN", 1)), "Line 1"),
    "before the chat": (lines(POST | {"minute": -1}), "Line 1, minute: this is outside"),
    "half a character": (lines(json.dumps(POST).replace("stoop", "\\ud83d")), "Line 1"),
    "a NUL": (lines(POST | {"text": "a\0b"}), "Line 1, text: it holds half a character"),
    "too long": (lines(POST | {"text": "a" * 2001}), "Line 1, text: this is too long"),
    "one id twice": (lines(POST | {"id": "a"}, POST | {"id": "a"}), "Line 2: its id was used before"),
    "an unknown post": (lines(POST | {"reply_to": "a9"}), "Line 1: it is about a post that no line before it says"),
    "a later post": (lines(POST | {"id": "a"}, POST | {"minute": 5, "reply_to": "a"}), "or of a later minute"),
    "another network": (lines(POST | {"id": "a"}, POST | {"network": "bluesky", "edit_of": "a"}), "another network"),
    "an edit of an edit": (
        lines(POST | {"id": "a"}, POST | {"id": "b", "edit_of": "a"}, POST | {"edit_of": "b"}),
        "Line 3: it is about a post that no line before it says",
    ),
    "two acts": (lines(POST | {"id": "a"}, POST | {"edit_of": "a", "delete": "a"}), "one of them"),
    "an unknown question": (lines(POST | {"reply_to": "Q7"}), "no question of that number"),
    "question nought": (lines(POST | {"question": 0}), "no question of that number"),
    "questions out of order": (lines({"plan": {"hashtag": "abc", "questions": TWO_QUESTIONS}}, POST), "have to rise"),
    "a tag of two words": (lines({"plan": {"hashtag": "a b", "questions": TWO_QUESTIONS}}, POST), "plan.hashtag"),
}


@pytest.mark.parametrize("name", list(BROKEN))
def test_what_cannot_be_played_is_named_by_its_line(name: str) -> None:
    content, why = BROKEN[name]
    with pytest.raises(BadRecord) as refused:
        understood(content)
    assert why in str(refused.value)


def test_the_words_of_a_file_stand_in_no_error() -> None:
    for broken in (POST | {"SECRETKEY": 1}, POST | {"lane": "SECRETLANE"}, POST | {"author": "SECRET NAME"}):
        with pytest.raises(BadRecord) as refused:
            understood(lines(broken))
        assert "SECRET" not in str(refused.value)


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from([*POST, "id", "reply_to", "edit_of", "repost_of", "delete", "lane", "question", "plan", "mark"])


@given(st.lists(st.dictionaries(names, values, max_size=8).map(lambda one: POST | one), max_size=4))
@settings(max_examples=200, deadline=None)
def test_whatever_json_stands_in_a_file_it_is_played_or_refused_in_a_sentence(told: list[dict[str, Any]]) -> None:
    with suppress(BadRecord):
        for one in understood(lines(*told)).lines:
            one.text.encode("utf-8")


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_whatever_bytes_stand_in_a_file_they_are_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(BadRecord):
        understood(content)


def test_a_line_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(BadRecord, match="Line 1"):
        understood(b'{"text":' * 50_000)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_record, "MOST_BYTES", 1_000_000)
    file = tmp_path / "chat.jsonl"
    file.write_bytes(b" " * 1_000_001)
    with pytest.raises(BadRecord, match="larger than 1 MB"):
        read_record(file)
    file.write_bytes(lines(POST))
    assert len(read_record(file).lines) == 1


def test_a_file_of_too_many_lines_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_record, "MOST_LINES", 2)
    with pytest.raises(BadRecord, match="3 lines; 2 are the most"):
        understood(lines(POST, POST, POST))
