"""Which knowledge card answers a question: BM25 over the words of its question, its keywords and its answers.

The words that matched are told, so that a person sees why. An expired card is never suggested.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from itertools import pairwise

from classifier.words import BLANK, QUESTION, STOP, form_of, read_words
from models import KnowledgeAnswer, KnowledgeCard

MOST = 3
FEW_WORDS = 3
"""A question of so few telling words is matched by one; a longer one by two. A pair of characters is half a word."""
_SILENT = frozenset({BLANK, STOP, QUESTION})

SMALL_WORDS = """
a an the this that these those i you he she it we they my your our me us is are was were be been am do does did can
could will would should may might have has had get got need want please thanks thank hi hello and or but if of to
in on at for from by with about as not no yes there here how when where what which who why whom any some so
up out just still
el la los las un una de del en y o que no se es son hay mi su por para con como cuando donde cual quien porque puedo
puede quiero necesito gracias hola favor al lo le les me nos ya muy este esta esto
o os um uma do da dos das em e ou que nao se eh sao minha meu seu sua para com como quando onde qual quem posso obrigado
le la les un une des du de en et ou que qui ne pas ce cette mon ma mes votre pour avec comment quand est sont puis merci
và là của có không tôi bạn thì mà cho với khi nào ở đâu như thế gì ai được xin làm
и в на не что это как когда где кто почему я мы вы мой наш ли для с по у к из за мне можно нужно есть
і в на не що це як коли де хто чому я ми ви мій наш чи для з по у до за мені можна треба є
في من على ما هل كيف متى أين هذا هذه أنا نحن أن لا مع عن إلى هو هي يمكن أريد كم
nan la a yo yon ki sa mwen ou li nou pa pou ak lè kote kijan kilè èske se gen ka ap te
در از به که و این آن را با چه کی کجا چگونه آیا من ما شما است هست می برای تا
په د دا دې چې څه کله چېرته څنګه زه موږ تاسو دی ده ته له او
আমি আপনি কি কী কখন কোথায় কীভাবে কে এই এটা ও এবং না হয় আছে জন্য আমার আপনার করে করতে
"""
SMALL_SIGNS = frozenset("的了吗嗎我你您请請问問是在有什么麼怎哪里裡可以时時候呢这這那은는이가을를에의도나요하니까뭐어")
"""Characters that say little where every character is a word of its own."""


@dataclass(frozen=True, slots=True)
class Match:
    """A card and the words of the question that speak for it, as they were written."""

    card: KnowledgeCard
    words: tuple[str, ...]
    score: float


def matching(
    cards: Sequence[KnowledgeCard], answers: Sequence[KnowledgeAnswer], question: str, today: date, most: int = MOST
) -> list[Match]:
    """The cards that may answer, best first; those that are switched off or expired never."""
    usable = [one for one in cards if is_usable(one, today)]
    asked = telling_words(question)
    if not usable or not asked:
        return []
    said: Mapping[int, list[str]] = defaultdict(list)
    for answer in answers:
        said[answer.card_id].append(answer.text)
    needed = 1 if sum(0.5 if _stands_alone(form[0]) else 1 for form in asked) <= FEW_WORDS else 2
    documents = [_document(one, said[one.id or 0]) for one in usable]
    scores = _scores(documents, list(asked))
    found = []
    for card, document, score in zip(usable, documents, scores, strict=True):
        shared = asked.keys() & set(document)
        if len(shared) >= needed:
            found.append(Match(card, tuple(asked[form] for form in asked if form in shared), score))
    return sorted(found, key=lambda one: -one.score)[:most]


def is_usable(card: KnowledgeCard, today: date) -> bool:
    """Whether a card may be suggested on a day."""
    return card.active and (card.expires_on is None or card.expires_on >= today)


@lru_cache(maxsize=4096)
def telling_words(text: str) -> Mapping[str, str]:
    """The words that say what a text is about: comparable form -> as it was written. In the order of the text.

    Where characters stand without spaces, two neighbours are a word.
    """
    read = read_words(text)
    found: dict[str, str] = {}
    for form, start, end in zip(read.forms, read.starts, read.ends, strict=True):
        if form not in _SILENT and not _stands_alone(form) and form not in _small_forms() and len(form) > 1:
            found.setdefault(form, text[start:end])
    places = list(zip(read.forms, read.starts, read.ends, strict=True))
    for (one, start, end), (other, begins, ends) in pairwise(places):
        alone = _stands_alone(one) and _stands_alone(other) and end == begins
        if alone and one not in SMALL_SIGNS and other not in SMALL_SIGNS:
            found.setdefault(one + other, text[start:ends])
    return found


def _document(card: KnowledgeCard, texts: Sequence[str]) -> list[str]:
    """A card's words; those of its question and its keywords count twice."""
    named = [*telling_words(card.question), *telling_words(card.keywords)]
    return [*named, *named, *(form for text in texts for form in telling_words(text))]


def _scores(documents: list[list[str]], asked: list[str]) -> list[float]:
    from bm25s import BM25  # NumPy takes a moment, which a desk without cards need not

    if not any(documents):
        return [0.0] * len(documents)
    index = BM25()
    index.index(documents, show_progress=False)
    return [float(one) for one in index.get_scores(asked)]


@cache
def _small_forms() -> frozenset[str]:
    return frozenset(form_of(word) for word in SMALL_WORDS.split())


def _stands_alone(form: str) -> bool:
    """Whether it is a character of a script without spaces."""
    return len(form) == 1 and form.isalpha() and ord(form) > 0xE00
