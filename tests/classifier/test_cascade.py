"""The cascade at work: what it does without some of its models, whom it asks, and that it follows what is chosen."""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from classifier.cascade import CascadeClassifier, FollowingClassifier
from classifier.encoder.runtime import GRAPH
from classifier.features import Floats
from classifier.heads import ASK_LEAD
from classifier.model_files import DAY_ONE, ENCODER, RARITY, ModelFiles
from classifier.models_at_work import CATEGORY, DANGER, INTENT, Loaded, load
from classifier.rules import build
from classifier.taxonomy import services_of_taxonomy
from models import Intent, Service
from tests.classifier.test_rules import HOSTILE

SERVICES = services_of_taxonomy()
CLEAR = "There is a huge pothole on Main Street, please fix it"
UNSURE = ["the thing by the school is doing it again", "it happened again last night"]
SPANISH = "otra vez lo mismo en mi calle y nadie viene a ver que pasa"


class Listened(Loaded):
    """Loaded models that remember which texts the encoder was asked to read."""

    asked: list[str]

    def encode(self, texts: Sequence[str]) -> Floats | None:
        self.asked = [*getattr(self, "asked", []), *texts]
        return super().encode(texts)


@pytest.fixture
def files(models_folder: Path, tmp_path: Path) -> ModelFiles:
    """A folder of day-one models of one's own, to be damaged."""
    held = ModelFiles(tmp_path / "models")
    held.take_from(ModelFiles(models_folder))
    return held


@pytest.fixture(scope="module")
def cascade(models_folder: Path) -> CascadeClassifier:
    return FollowingClassifier(ModelFiles(models_folder)).now


def damage(file: Path) -> None:
    """Turns a byte of a copy; the original may be a link to the same file."""
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 0xFF
    file.unlink()
    file.write_bytes(held)


def remove(name: str) -> Callable[[ModelFiles], None]:
    return lambda files: (files.folder / name).unlink()


def spoil(name: str) -> Callable[[ModelFiles], None]:
    return lambda files: damage(files.folder / name)


def forget_encoder(files: ModelFiles) -> None:
    shutil.rmtree(files.folder / ENCODER)
    held = json.loads(files.manifest.read_text())
    held["files"] = {name: facts for name, facts in held["files"].items() if not name.startswith(f"{ENCODER}/")}
    files.manifest.write_text(json.dumps(held))


def enter_nonsense(name: str) -> Callable[[ModelFiles], None]:
    """A file that is entered with its right sum, and is no model all the same."""

    def enter(files: ModelFiles) -> None:
        (files.folder / name).unlink()
        (files.folder / name).write_bytes(b"no model")
        facts = {"what": "", "source": "", "licence": ""}
        files.add(name, facts, now=datetime(2026, 3, 1, tzinfo=UTC))

    return enter


def test_whole_models_have_no_troubles_and_are_named_in_the_version(cascade: CascadeClassifier) -> None:
    cascade.classify(UNSURE, SERVICES)
    assert cascade.troubles == []
    assert cascade.version == f"{build().version} category:{DAY_ONE}+danger:{DAY_ONE}+intent:{DAY_ONE}"


def test_without_model_files_the_rules_answer(tmp_path: Path) -> None:
    alone = FollowingClassifier(ModelFiles(tmp_path / "nowhere"))
    texts = [CLEAR, *UNSURE, SPANISH, ""]
    assert alone.classify(texts, SERVICES) == build().classify(texts, SERVICES)
    (trouble,) = alone.now.troubles
    assert "There are no model files" in trouble
    assert "Only the rules answer." in trouble
    assert alone.version == f"{build().version} no models"


@pytest.mark.parametrize("harm", [remove(RARITY), spoil(RARITY), enter_nonsense(RARITY)], ids=["gone", "wrong", "none"])
def test_without_the_count_of_words_the_rules_answer(files: ModelFiles, harm: Callable[[ModelFiles], None]) -> None:
    harm(files)
    harmed = FollowingClassifier(files)
    assert harmed.classify([CLEAR, *UNSURE], SERVICES) == build().classify([CLEAR, *UNSURE], SERVICES)
    assert "Only the rules answer." in harmed.now.troubles[0]


@pytest.mark.parametrize(
    "harm",
    [
        forget_encoder,
        remove(f"{ENCODER}/{GRAPH}"),
        spoil(f"{ENCODER}/{GRAPH}"),
        spoil(f"{ENCODER}/tokenizer.json"),
        enter_nonsense(f"{ENCODER}/{GRAPH}"),
        enter_nonsense(f"{ENCODER}/tokenizer.json"),
    ],
    ids=["forgotten", "gone", "wrong", "wrong tokenizer", "no graph", "no tokenizer"],
)
def test_without_the_encoder_words_are_weighed(files: ModelFiles, harm: Callable[[ModelFiles], None]) -> None:
    harm(files)
    harmed = FollowingClassifier(files)
    clear, *unsure = harmed.classify([CLEAR, *UNSURE], SERVICES)
    assert clear.service_code == "POTHOLE"
    assert all(one.explanations and one.explanations[0].encoder == 0 for one in [clear, *unsure])
    (trouble,) = harmed.now.troubles
    assert trouble.endswith("Words alone are weighed.")


@pytest.mark.parametrize("task", [CATEGORY, INTENT, DANGER])
@pytest.mark.parametrize("harm", [remove, spoil, enter_nonsense])
def test_without_one_head_the_others_carry_on(
    files: ModelFiles, task: str, harm: Callable[[str], Callable[[ModelFiles], None]]
) -> None:
    harm(f"{task}/{DAY_ONE}.npz")(files)
    loaded = load(files)
    assert set(loaded.heads) == {CATEGORY, INTENT, DANGER} - {task}
    (trouble,) = loaded.troubles
    assert trouble.endswith(f"For {task} only the rules answer.")
    clear, fire = CascadeClassifier(build(), loaded).classify([CLEAR, "the house next door is on fire"], SERVICES)
    assert (clear.service_code, clear.intent) == ("POTHOLE", Intent.SERVICE_REQUEST)
    assert fire.danger
    assert fire.danger_score > 0


def test_the_encoder_reads_only_what_words_leave_open(models_folder: Path) -> None:
    loaded = load(ModelFiles(models_folder))
    listened = Listened(
        weigher=loaded.weigher, heads=loaded.heads, versions=loaded.versions, encoder_folder=loaded.encoder_folder
    )
    answers = CascadeClassifier(build(), listened).classify([CLEAR, *UNSURE, SPANISH, ""], SERVICES)
    assert listened.asked == UNSURE
    assert [bool(one.explanations[0].encoder) for one in answers[:4]] == [False, True, True, False]


def test_it_is_sure_enough_of_what_it_does_not_ask_about(cascade: CascadeClassifier) -> None:
    (clear,) = cascade.classify([CLEAR], SERVICES)
    assert clear.service_probability - clear.runners_up[0].probability >= ASK_LEAD
    assert clear.intents[0].probability - clear.intents[1].probability >= ASK_LEAD


def test_an_answer_does_not_depend_on_the_company_of_a_text(cascade: CascadeClassifier) -> None:
    texts = [CLEAR, *UNSURE, SPANISH]
    together = list(cascade.classify(texts, SERVICES))
    assert together == [cascade.classify([text], SERVICES)[0] for text in texts]
    assert list(cascade.classify(texts[::-1], SERVICES)) == together[::-1]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: f"{text[:6]!a}x{len(text)}")
def test_no_text_raises(cascade: CascadeClassifier, text: str) -> None:
    (understood,) = cascade.classify([text], SERVICES)
    assert 0 <= understood.service_probability <= 1
    assert np.isfinite([one.score for one in understood.explanations]).all()
    assert all(0 <= one.start <= one.end <= len(text) for one in understood.evidence)


def test_abstaining_has_a_reason_and_leaves_the_guesses(cascade: CascadeClassifier) -> None:
    (unsure,) = cascade.classify([UNSURE[1]], SERVICES)
    assert unsure.abstained
    assert unsure.abstained_because.startswith("too unsure what it wants: ")
    assert unsure.runners_up
    (which,) = cascade.classify(["that thing on our corner again, come and see"], SERVICES)
    assert which.abstained
    assert which.abstained_because.startswith("too unsure which service it is for: ")
    assert which.service_code is None
    assert which.runners_up
    (clear,) = cascade.classify([CLEAR], SERVICES)
    assert not clear.abstained
    assert clear.abstained_because == ""


def test_danger_comes_from_the_rules_whatever_the_models_say(cascade: CascadeClassifier) -> None:
    texts = ["the house next door is on fire", "hay un incendio en mi casa", "this burger is fire"]
    for ours, rules in zip(cascade.classify(texts, SERVICES), build().classify(texts, SERVICES), strict=True):
        assert (ours.danger, ours.danger_rule) == (rules.danger, rules.danger_rule)
        assert bool(ours.danger_score) == ours.danger


def test_a_citys_own_services_are_used_as_a_person_matched_them(cascade: CascadeClassifier) -> None:
    services = [
        Service(service_code="A-17", service_name="Surface works", category="POTHOLE"),
        Service(service_code="B-2", service_name="Pothole museum tours", category="OTHER"),
        Service(service_code="C-9", service_name="Painted walls", category="GRAFFITI", active=False),
    ]
    pothole, graffiti = cascade.classify([CLEAR, "graffiti all over the library wall"], services)
    assert pothole.service_code == "A-17"
    assert graffiti.service_code is None
    assert "C-9" not in {one.value for one in graffiti.runners_up}
    assert pothole.explanations[0].value == "A-17"


def test_what_runs_is_followed_as_soon_as_another_version_is_chosen(files: ModelFiles) -> None:
    following = FollowingClassifier(files)
    before = following.now
    assert following.now is before
    name = f"{CATEGORY}/second.npz"
    shutil.copy(files.folder / CATEGORY / f"{DAY_ONE}.npz", files.folder / name)
    files.add(name, {"what": "", "source": "", "licence": ""}, now=datetime(2026, 3, 1, tzinfo=UTC))
    files.run(CATEGORY, "second")
    following.classify([CLEAR], SERVICES)
    assert "category:second" in following.version
    assert following.now is not before


def test_a_manifest_that_breaks_at_work_leaves_the_rules_and_heals_again(files: ModelFiles) -> None:
    following = FollowingClassifier(files)
    whole = files.manifest.read_text()
    files.manifest.write_text("{")
    os.utime(files.manifest, ns=(1, 1))
    assert following.classify([CLEAR], SERVICES) == build().classify([CLEAR], SERVICES)
    assert "is damaged" in following.now.troubles[0]
    files.manifest.write_text(whole)
    os.utime(files.manifest, ns=(2, 2))
    assert following.classify([CLEAR], SERVICES)[0].explanations
    assert following.now.troubles == []
