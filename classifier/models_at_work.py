"""The model files, loaded: what the cascade weighs with, and what it must do without."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.features import Floats, Weigher
from classifier.heads import Head, HeadUnreadable
from classifier.model_files import ENCODER, RARITY, ModelFiles, ModelFileTrouble
from classifier.places.recognizer import PLACES, Recognizer, load_recognizer

if TYPE_CHECKING:
    from classifier.encoder.local import AnyEncoder

log = logging.getLogger(__name__)

CATEGORY, INTENT, DANGER = "category", "intent", "danger"


@dataclass(slots=True)
class Loaded:
    """What could be loaded. `troubles`: a sentence for each thing that could not. The encoder opens at first use.

    `recognizer` is None where the rules find places alone.
    """

    weigher: Weigher | None = None
    recognizer: Recognizer | None = None
    heads: dict[str, Head] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    encoder_folder: Path | None = None
    troubles: list[str] = field(default_factory=list)
    _encoder: "AnyEncoder | None" = None
    _opening: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        """Names the versions that answer, for the record."""
        return "+".join(f"{task}:{version}" for task, version in sorted(self.versions.items())) or "no models"

    def encode(self, texts: Sequence[str]) -> Floats | None:
        """Vectors of texts, or None where there is no encoder."""
        if self.encoder_folder is None:
            return None
        with self._opening:
            if self._encoder is None:
                self._open(self.encoder_folder)
        return self._encoder.encode(texts) if self._encoder else None

    def _open(self, folder: Path) -> None:
        from classifier.encoder.local import open_encoder  # takes a second and 60 MB, which words alone do without

        try:
            self._encoder = open_encoder(folder)
        except Exception as error:  # whatever a damaged graph makes ONNX Runtime or the tokenizer raise
            self.encoder_folder = None
            self.troubles.append(f"The encoder cannot be used ({error}). Words alone are weighed.")
            log.warning(self.troubles[-1])


def load(files: ModelFiles) -> Loaded:
    """Loads what is there and right; logs and keeps a sentence for the rest. Never raises for a bad file."""
    loaded = Loaded()
    try:
        loaded.weigher = Weigher.load(files.verified(RARITY))
    except (ModelFileTrouble, OSError, ValueError) as error:
        return _without(loaded, f"{error} Only the rules answer.")
    for task in (CATEGORY, INTENT, DANGER):
        try:
            version = files.running(task)
            loaded.heads[task] = Head.load(files.verified(f"{task}/{version}.npz"))
            loaded.versions[task] = version
        except (ModelFileTrouble, HeadUnreadable) as error:
            _without(loaded, f"{error} For {task} only the rules answer.")
    _load_recognizer(files, loaded)
    try:
        held = [name for name in files.facts() if name.startswith(f"{ENCODER}/")]
        if not held:
            raise ModelFileTrouble(f"There is no encoder in {files.folder}.")
        for name in held:
            files.verified(name)
        loaded.encoder_folder = files.folder / ENCODER
    except ModelFileTrouble as error:
        _without(loaded, f"{error} Words alone are weighed.")
    return loaded


def _load_recognizer(files: ModelFiles, loaded: Loaded) -> None:
    try:
        loaded.recognizer = load_recognizer(files)
        if loaded.recognizer:
            loaded.versions[PLACES] = files.running(PLACES)
    except ModelFileTrouble as error:
        _without(loaded, str(error))


def _without(loaded: Loaded, trouble: str) -> Loaded:
    log.warning(trouble)
    loaded.troubles.append(trouble)
    return loaded
