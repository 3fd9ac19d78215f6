"""The language guess, for the sixteen languages of the desk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.language import LANGUAGES, guess_language

TEXTS = [
    ("en", "There is a pothole on Main Street and it is getting bigger"),
    ("en", "when will my street be plowed?"),
    ("en", "please fix this"),
    ("es", "Hay un bache enorme en la calle Quinta"),
    ("es", "no recogieron la basura"),
    ("es", "¿Cuándo pasa el camión?"),
    ("zh-Hans", "路上有个大坑，请尽快修理"),
    ("zh-Hans", "垃圾没有收"),
    ("zh-Hant", "路上有個大坑，請盡快修理"),
    ("zh-Hant", "垃圾沒有收"),
    ("vi", "Có ổ gà lớn trên đường, xin sửa giúp"),
    ("vi", "đèn đường bị hỏng"),
    ("ru", "На дороге большая яма, почините пожалуйста"),
    ("ru", "мусор не вывезли уже неделю"),
    ("uk", "На дорозі велика яма, полагодьте будь ласка"),
    ("uk", "сміття не вивезли вже тиждень"),
    ("ar", "هناك حفرة كبيرة في الشارع"),
    ("ar", "لم يتم جمع القمامة"),
    ("ht", "Gen yon gwo twou nan lari a"),
    ("ht", "yo pa ranmase fatra yo"),
    ("fr", "Il y a un nid-de-poule dans la rue"),
    ("fr", "les poubelles ne sont pas ramassées"),
    ("pt", "Há um buraco enorme na rua"),
    ("pt", "não recolheram o lixo"),
    ("ko", "도로에 큰 구멍이 있어요"),
    ("ko", "쓰레기를 안 가져갔어요"),
    ("km", "មានរណ្ដៅធំនៅលើផ្លូវ"),
    ("km", "គេមិនបានយកសំរាមទេ"),
    ("ps", "په سړک کې لویه کنده ده"),
    ("ps", "کثافات يې نه دي وړي"),
    ("fa", "یک چاله بزرگ در خیابان است"),
    ("fa", "زباله ها را جمع نکردند"),
    ("bn", "রাস্তায় বড় গর্ত আছে"),
    ("bn", "ময়লা নেয়নি"),
]


@pytest.mark.parametrize(("language", "text"), TEXTS)
def test_a_sentence_is_told_by_script_letters_and_small_words(language: str, text: str) -> None:
    guess, probability = guess_language(text)
    assert guess == language
    assert 0.5 <= probability < 1


def test_the_table_knows_every_language() -> None:
    assert {language for language, _ in TEXTS} == set(LANGUAGES)


@pytest.mark.parametrize(
    "text", ["", "🔥🔥🔥", "5th & Market", "12345", "https://example.org", "@Philly311", "ɸɸɸ", "שלום", "ご覧ください"]
)
def test_what_tells_nothing_is_undetermined(text: str) -> None:
    assert guess_language(text) == ("und", 0.0)


def test_handles_links_and_house_numbers_do_not_tell() -> None:
    assert guess_language("@Philly311 https://example.org/the/and/is hay basura en la calle 1200") == guess_language(
        "hay basura en la calle"
    )


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Broken sidewalk"),
        ("es", "semaforo apagado en la esquina"),
        ("vi", "nuoc cong trao len duong hoi qua"),
        ("fr", "balançoire cassée"),
        ("pt", "bueiro entupido"),
        ("zh-Hant", "坑渠塞咗"),
        ("uk", "зграя собак біля школи"),
        ("fa", "سطل آشغال پر شده"),
    ],
)
def test_a_fragment_without_small_words_is_told_by_its_own_words(language: str, text: str) -> None:
    assert guess_language(text)[0] == language


@pytest.mark.parametrize(
    "text",
    [
        "Die Straßenlaterne vor meinem Haus ist seit zwei Wochen kaputt",
        "Na ulicy jest wielka dziura, proszę naprawić",
        "Waxaa jira god weyn oo ku yaal wadada",
        "سڑک پر بڑا گڑھا ہے",
    ],
)
def test_a_language_that_the_desk_does_not_know_is_undetermined(text: str) -> None:
    assert guess_language(text) == ("und", 0.0)


def test_a_street_name_does_not_tell() -> None:
    assert guess_language("1200 block of Guadalupe Hidalgo, please fix the street light")[0] == "en"
    assert guess_language("hay basura frente al Jefferson Memorial Park")[0] == "es"


@pytest.mark.parametrize(
    ("text", "hint", "language"),
    [
        ("no", "es", "es"),
        ("no", "pt-BR", "pt"),
        ("做得好", "zh-TW", "zh-Hant"),
        ("做得好", "zh-hans", "zh-Hans"),
        ("There is a pothole on my street", "es", "en"),
        ("hay basura en la calle", "en-US", "es"),
        ("垃圾没有收", "zh-TW", "zh-Hans"),
        ("no", "tlh", "und"),
        ("12345", "es", "und"),
    ],
)
def test_what_the_channel_says_decides_only_where_it_is_close(text: str, hint: str, language: str) -> None:
    assert guess_language(text, hint=hint)[0] == language


@pytest.mark.timeout(20)  # a pattern that runs wild on it takes minutes
@pytest.mark.parametrize("piece", ["a", "a ", "a'", "a@", "A b ", "http://", "و", "(", "不"])
def test_a_hundred_kilobytes_of_hostile_text_run_wild_in_no_pattern(piece: str) -> None:
    language, sure = guess_language(piece * (100_000 // len(piece)))
    assert language
    assert 0 <= sure <= 1


@given(st.text(max_size=400))
def test_any_text_gets_a_known_answer(text: str) -> None:
    language, probability = guess_language(text)
    assert language in (*LANGUAGES, "und")
    assert 0 <= probability <= 1
