"""Translation by a model on this machine: OPUS-MT (Marian) or NLLB, from a folder that the operator names.

Needs torch and sentencepiece, which are in the `train` extra alone; nothing else of the product does.
"""

from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

LONGEST_TOKENS = 400
FLORES = {
    "en": "eng_Latn",
    "es": "spa_Latn",
    "zh-Hans": "zho_Hans",
    "zh-Hant": "zho_Hant",
    "vi": "vie_Latn",
    "ru": "rus_Cyrl",
    "uk": "ukr_Cyrl",
    "ar": "arb_Arab",
    "ht": "hat_Latn",
    "fr": "fra_Latn",
    "pt": "por_Latn",
    "ko": "kor_Hang",
    "km": "khm_Khmr",
    "ps": "pbt_Arab",
    "fa": "pes_Arab",
    "bn": "ben_Beng",
}
"""Our language tags -> what NLLB calls them. Source: the FLORES-200 list of languages."""


class ModelUnusable(Exception):
    """The model cannot translate; the text says why and what to do, in sentences for staff."""


class LocalTranslator:
    """One model, loaded at its first text. Sync and slow: call it in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, Lock()
        self._loaded: tuple[Any, Any] | None = None

    @property
    def engine(self) -> str:
        """What the page calls it."""
        return f"{self._folder.name} on this machine"

    def translate(self, text: str, source: str, target: str) -> str:
        """The text in another language, line by line. Raises ModelUnusable."""
        with self._lock:
            tokenizer, model = self._load()
            return "\n".join(
                self._line(tokenizer, model, line, source, target) if line.strip() else "" for line in text.split("\n")
            )

    def _line(self, tokenizer: Any, model: Any, line: str, source: str, target: str) -> str:
        options: dict[str, Any] = {}
        if model.config.model_type == "m2m_100":
            if source not in FLORES or target not in FLORES:
                raise ModelUnusable(f"The model {self._folder.name} was not told which language the text is in.")
            tokenizer.src_lang = FLORES[source]
            options["forced_bos_token_id"] = tokenizer.convert_tokens_to_ids(FLORES[target])
        elif marks := _marks_of(tokenizer):
            line = f"{_mark(marks, target, self._folder.name)} {line}"
        read = tokenizer([line], return_tensors="pt", truncation=True, max_length=LONGEST_TOKENS)
        written = model.generate(**read, max_new_tokens=LONGEST_TOKENS, num_beams=2, **options)
        said: str = tokenizer.batch_decode(written, skip_special_tokens=True)[0]
        return said

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            for needed in ("torch", "sentencepiece"):
                if find_spec(needed) is None:
                    raise ModelUnusable(
                        f"The translation model needs {needed}, which is not installed. "
                        "The operator installs it with: pip install 'hark311[train]'."
                    )
            from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

            try:
                tokenizer = AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
                model = AutoModelForSeq2SeqLM.from_pretrained(self._folder, local_files_only=True)
            except (OSError, ValueError, ImportError) as error:
                raise ModelUnusable(
                    f"The translation model in {self._folder} cannot be loaded ({type(error).__name__})."
                ) from None
            self._loaded = tokenizer, model
        return self._loaded


def _marks_of(tokenizer: Any) -> list[str]:
    """The marks by which a Marian model with several target languages is told which is wanted."""
    return [mark for mark in getattr(tokenizer, "supported_language_codes", None) or [] if mark.startswith(">>")]


def _mark(marks: list[str], target: str, name: str) -> str:
    """ ">>eng<<" for "en": Marian models use ISO 639-3, and some a script after it."""
    wanted = FLORES.get(target, target).split("_")
    for mark in (f">>{'_'.join(wanted)}<<", f">>{wanted[0]}<<", f">>{target}<<"):
        if mark in marks:
            return mark
    raise ModelUnusable(f"The model {name} does not write in the language that staff read.")
