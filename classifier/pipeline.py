"""The spaCy pipeline: every lexicon phrase found in one pass over a text. The only place that imports spaCy.

A blank multi-language pipeline, because no trained one knows all sixteen languages. Its tokenizer is ours
(`classifier.words`); words that no phrase holds are all written as one blank word, so that the vocabulary never grows
with what residents write and a worker's memory stays where it was.
"""

import spacy
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc
from spacy.vocab import Vocab

from classifier.cues import Hit, PhraseBook
from classifier.words import BLANK, Words, read_words


class WordTokenizer:
    """Cuts a text by our own word rules. `known` are the word forms that some phrase holds."""

    def __init__(self, vocab: Vocab, known: frozenset[str]) -> None:
        self._vocab = vocab
        self._known = known

    def __call__(self, text: str) -> Doc:
        return self.doc(read_words(text))

    def doc(self, words: Words) -> Doc:
        """The words as spaCy's document, one token a word."""
        known = self._known
        return Doc(self._vocab, words=[form if form in known else BLANK for form in words.forms])


class Pipeline:
    """Finds a phrase book's phrases. Built once; after that it is never changed and may be shared by threads."""

    def __init__(self, book: PhraseBook) -> None:
        nlp = spacy.blank("xx")
        self._numbers = book.numbers()
        self._tokenizer = WordTokenizer(nlp.vocab, frozenset(form for forms in self._numbers for form in forms))
        nlp.tokenizer = self._tokenizer
        self._matcher = PhraseMatcher(nlp.vocab, attr="ORTH")
        for forms in self._numbers:
            self._matcher.add("cue", [Doc(nlp.vocab, words=list(forms))])

    def find(self, words: Words) -> list[Hit]:
        """Every phrase in the text, in no promised order. Overlapping ones are all there."""
        numbers, forms = self._numbers, words.forms
        return [
            (numbers[tuple(forms[start:end])], start, end)
            for _, start, end in self._matcher(self._tokenizer.doc(words))
        ]
