"""Our corpus: enough of everything, every line readable, distinct, in its language, invented and nobody else's."""

import json
import os
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sklearn.feature_extraction.text import CountVectorizer

from classifier.language import LANGUAGES, guess_language
from classifier.taxonomy import CATEGORIES
from models import Intent

ROOT = Path(__file__).parent.parent.parent
CORPUS = ROOT / "classifier" / "corpus"
PAGE = ROOT / "docs" / "explanation" / "corpus.md"

FIELDS = {"category": {"category"}, "intent": {"intent"}, "danger": {"emergency"}, "nothing": set[str]()}
FEWEST_PER_CATEGORY = {"en": 80, **dict.fromkeys(("es", "zh-Hans", "zh-Hant", "vi", "ru"), 15)}
FEWEST_PER_CATEGORY_ELSEWHERE = 6
FEWEST_PER_INTENT = 120
FEWEST_HARD_NEGATIVES = 12
ALIKE = 0.6
"""Two lines of a kind and language share less than this of what they hold together (Jaccard), exactly computed."""

SCRIPTS = {
    **dict.fromkeys(("ru", "uk"), "CYRILLIC"),
    **dict.fromkeys(("ar", "fa", "ps"), "ARABIC"),
    **dict.fromkeys(("zh-Hans", "zh-Hant"), "CJK"),
    "bn": "BENGALI",
    "km": "KHMER",
    "ko": "HANGUL",
}
"""First word of the Unicode names of a language's letters; LATIN for the others."""
FOREIGN_LETTERS = {"ru": "іїєґ", "uk": "ыэъё", "ar": "ټډړښږځڅۍې", "fa": "ټډړښږځڅۍې", "es": "ãõ", "fr": "ñãõ", "pt": "ñ"}
OWN_LETTERS = {"vi": "ăâđêôơư", "ps": "ټډړښږځڅۍېګڼ", "fa": "پچژگکی", "uk": "іїєґ", "ru": "ыэъё"}
"""Letters that at least half of the lines of a language hold, its accents aside."""

PHONE = re.compile(r"(?<![\d-])(?:\d{3}[-. ]?\d{4}|\+?\d(?:[\s().-]{0,2}\d){9,})(?!\d)")
MAY_BE_WRITTEN = re.compile(r"(?:\+?1[-. ]?)?(?:\(?\d{3}\)?[-. ]?)?555[-. ]?01\d\d")
MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
LINK = re.compile(r"(?i)https?:|www\.|\bt\.co\b|\b[\w-]+\.(?:com|org|gov|net|edu|us|io|ly|app|info)\b")


class Line(NamedTuple):
    """A row of the corpus and where it stands, as `FILE:LINE`."""

    task: str
    language: str
    where: str
    row: dict[str, Any]

    @property
    def text(self) -> str:
        return str(self.row["text"])

    @property
    def value(self) -> str:
        return str(self.row.get("emergency" if self.task == "danger" else self.task, ""))


@cache
def _lines() -> list[Line]:
    found = []
    for file in sorted(CORPUS.glob("*.jsonl")):
        task, language, _ = file.name.split(".")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            found.append(Line(task, language, f"{file.name}:{number}", json.loads(line)))
    return found


@cache
def _counts() -> Counter[tuple[str, str, str]]:
    """How many lines there are of each (task, language, value)."""
    return Counter((line.task, line.language, line.value) for line in _lines())


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).lower())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_category_has_enough_lines_in_every_language(language: str) -> None:
    fewest = FEWEST_PER_CATEGORY.get(language, FEWEST_PER_CATEGORY_ELSEWHERE)
    assert [code for code in CATEGORIES if _counts()["category", language, code] < fewest] == []


def test_every_intent_has_enough_lines() -> None:
    assert [str(one) for one in Intent if _counts()["intent", "en", str(one)] < FEWEST_PER_INTENT] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_dangers_and_what_only_sounds_like_one(language: str) -> None:
    assert _counts()["danger", language, "False"] >= FEWEST_HARD_NEGATIVES
    assert _counts()["danger", language, "True"] >= FEWEST_HARD_NEGATIVES


def test_every_line_has_its_fields_and_only_codes_we_know() -> None:
    intents = {str(one) for one in Intent}
    wrong = []
    for line in _lines():
        row = line.row
        fields = row.keys() - ({"intent"} if line.task == "category" else set())
        known = fields == {"text", "language"} | FIELDS[line.task] and row["language"] == line.language
        known = known and line.language in LANGUAGES and row.get("category", "OTHER") in CATEGORIES
        known = known and row.get("intent", "praise") in intents and isinstance(row.get("emergency", True), bool)
        if not known:
            wrong.append(line.where)
    assert wrong == []


def test_a_line_is_one_clean_line_of_text() -> None:
    unclean = re.compile(r"^\s|\s$|[\x00-\x1f\x7f\u2028\u2029\ufeff\ufffd]|  ")
    wrong = [line.where for line in _lines() if not any(map(str.isalnum, line.text)) or unclean.search(line.text)]
    assert wrong == []


def test_no_line_stands_twice_in_a_file() -> None:
    seen: dict[tuple[str, str, str], str] = {}
    twice = []
    for line in _lines():
        key = line.task, line.language, " ".join(_words(line.text)) or line.text
        if key in seen:
            twice.append((seen[key], line.where))
        seen[key] = line.where
    assert twice == []


def _word_pairs(text: str) -> set[str]:
    words = _words(text)
    return {" ".join(pair) for pair in pairwise(words)} or set(words)


def _character_triples(text: str) -> set[str]:
    joined = " ".join(_words(text))
    return {joined[at : at + 3] for at in range(max(1, len(joined) - 2))}


@pytest.mark.parametrize("cut", [_word_pairs, _character_triples], ids=["pairs of words", "three characters"])
def test_no_two_lines_of_a_kind_are_one_template(cut: Callable[[str], set[str]]) -> None:
    groups: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in _lines():
        groups[line.task, line.language, line.value].append(line)
    alike = []
    for lines in groups.values():
        held = CountVectorizer(analyzer=cut, binary=True, dtype="int32").fit_transform([line.text for line in lines])
        shared = (held @ held.T).tocoo()
        sizes = held.sum(axis=1).A1
        for one, other, both in zip(shared.row, shared.col, shared.data, strict=True):
            if one < other and both >= ALIKE * (sizes[one] + sizes[other] - both):
                alike.append((lines[one].where, lines[other].where))
    assert alike == []


def _letters(text: str) -> str:
    """The letters of a text; handles and hashtags, which are English everywhere, aside."""
    return "".join(one for one in re.sub(r"[@#]\S+", "", text) if one.isalpha())


@cache
def _script(character: str) -> str:
    return unicodedata.name(character, "?").split()[0]


def _texts_in(language: str) -> list[str]:
    return [line.text for line in _lines() if line.language == language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_lines_of_a_language_are_written_in_its_script(language: str) -> None:
    """Street names stay Latin in every language, and some people write Khmer or a note in Latin letters."""
    script, texts = SCRIPTS.get(language, "LATIN"), [_letters(text) for text in _texts_in(language)]
    elsewhere = [text for text in texts if 3 * sum(_script(one).startswith(script) for one in text) < len(text)]
    assert len(elsewhere) <= 0.05 * len(texts)
    known = {script, "LATIN"}
    strange = [text for text in texts if {_script(one).partition("-")[0] for one in text if one > "ʯ"} - known]
    assert len(strange) <= 0.005 * len(texts), strange


@pytest.mark.parametrize("language", FOREIGN_LETTERS)
def test_no_line_holds_letters_that_only_its_neighbour_language_has(language: str) -> None:
    wrong = [text for text in _texts_in(language) if set(text.lower()) & set(FOREIGN_LETTERS[language])]
    assert wrong == []


@pytest.mark.parametrize("language", OWN_LETTERS)
def test_the_letters_of_a_language_are_there(language: str) -> None:
    texts, own = _texts_in(language), set(OWN_LETTERS[language])
    telling = [text for text in texts if own & set(unicodedata.normalize("NFC", _bare(text.lower())))]
    assert len(telling) >= 0.5 * len(texts)


def _bare(text: str) -> str:
    """Without the five tone marks of Vietnamese."""
    return re.sub("[\u0300\u0301\u0303\u0309\u0323]", "", unicodedata.normalize("NFD", text))


def _only_in(charset: str, other: str, text: str) -> list[str]:
    return [one for one in text if not one.isascii() and _has(charset, one) and not _has(other, one)]


@cache
def _has(charset: str, character: str) -> bool:
    return bool(character.encode(charset, "ignore"))


@pytest.mark.parametrize(("language", "other"), [("zh-Hans", ("big5", "gb2312")), ("zh-Hant", ("gb2312", "big5"))])
def test_chinese_lines_keep_to_their_characters(language: str, other: tuple[str, str]) -> None:
    """GB 2312 holds the simplified characters, Big5 the traditional; a few of Cantonese are in the first only."""
    strange = {
        line.where: found for line in _lines() if line.language == language and (found := _only_in(*other, line.text))
    }
    strange = {where: found for where, found in strange.items() if any(one.isalpha() for one in found)}
    assert all(len(found) <= 2 for found in strange.values()), strange
    assert len(strange) <= 0.02 * len(_texts_in(language)), strange


@pytest.mark.parametrize("language", ["es", "fr", "ht", "pt", "vi"])
def test_few_lines_look_like_another_language_of_the_same_script(language: str) -> None:
    texts = _texts_in(language)
    wrong = [text for text in texts if guess_language(text)[0] not in (language, "und")]
    assert len(wrong) <= 0.03 * len(texts), wrong


def test_no_line_names_a_real_number_or_address_of_anybody() -> None:
    wrong = []
    for line in _lines():
        numbers = [found[0] for found in PHONE.finditer(line.text) if not MAY_BE_WRITTEN.fullmatch(found[0])]
        mails = [found for found in MAIL.findall(line.text) if not re.search(r"@example\.(com|org|net)$", found)]
        if numbers or mails or LINK.search(MAIL.sub("", line.text)):
            wrong.append(line.where)
    assert wrong == []


def _third_party_posts() -> list[Path]:
    """Files of other people's posts: from the folder the environment names, or the one beside the repository."""
    named = os.environ.get("THIRD_PARTY_POSTS")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    files = sorted(folder.rglob("*.jsonl"))
    if not files:
        pytest.skip("set THIRD_PARTY_POSTS to a folder with JSONL files of posts that must not be copied")
    return files


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _prints(text: str) -> list[str]:
    """What gives a copy away: the whole text from four words on (eight letters where spaces part no words), and every
    eight words in a row."""
    words = _words(text)
    whole = [f"= {' '.join(words)}"] if len(words) >= 4 or (len(text) >= 8 and not text.isascii()) else []
    return whole + [" ".join(words[at : at + 8]) for at in range(len(words) - 7)]


@cache
def _our_prints() -> dict[str, set[str]]:
    """Where each print of ours stands."""
    ours: dict[str, set[str]] = defaultdict(set)
    for line in _lines():
        for one in _prints(line.text):
            ours[one].add(line.where)
    return ours


def test_no_line_is_a_copy_of_somebodys_post() -> None:
    """Names our line only: what others wrote stays out of the test's output."""
    files, ours = _third_party_posts(), _our_prints()
    copies: set[str] = set()
    for file in files:
        with file.open(encoding="utf-8") as rows:
            for row in rows:
                for text in _strings(json.loads(row)):
                    copies.update(where for one in ours.keys() & _prints(text) for where in ours[one])
    if copies:
        pytest.fail(f"written by somebody else too, write them anew: {', '.join(sorted(copies))}", pytrace=False)


def test_a_copy_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = next(line for line in _lines() if line.task == "category" and len(_words(line.text)) > 12)
    post = {"thread": [{"said": f"Well, {copied.text.upper()}!!"}]}
    (tmp_path / "posts.jsonl").write_text(json.dumps(post), encoding="utf-8")
    monkeypatch.setenv("THIRD_PARTY_POSTS", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match=re.escape(copied.where)) as told:
        test_no_line_is_a_copy_of_somebodys_post()
    assert copied.text.upper() not in str(told.value)


def test_the_page_tells_how_many_lines_there_are() -> None:
    told = {}
    for row in re.findall(r"^\| `([\w-]+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE):
        told[row[0]] = [int(number.replace(",", "")) for number in row[1].split(" | ")]
    assert told == {language: _row_of_the_page(language) for language in LANGUAGES}


def _row_of_the_page(language: str) -> list[int]:
    """Lines with a category, fewest of one category, lines with an intent, dangers, harmless, median length."""
    counts = _counts()
    lengths = sorted(len(line.text) for line in _lines() if (line.task, line.language) == ("category", language))
    return [
        sum(counts["category", language, code] for code in CATEGORIES),
        min(counts["category", language, code] for code in CATEGORIES),
        sum(counts["intent", language, str(one)] for one in Intent),
        counts["danger", language, "True"],
        counts["danger", language, "False"],
        lengths[len(lengths) // 2],
    ]
