"""Learns the lanes of a tweet chat from our own texts, and writes classifier/chat/lanes.npz.

    python -m classifier.training.chat_lanes MODELS TABLE...

MODELS is a folder of models (`make models`); TABLE are files of labelled posts, as `hark evaluate chat` reads them.
With `--held-out`, nothing is written: each table is read by a model that the others taught.
Repeatable: the same texts, tables and models of day one give the same lanes.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from classifier import corpus
from classifier.cascade import FollowingClassifier
from classifier.chat import reading
from classifier.chat.evaluation import GRACE, MINUTES, LabelledPost, read_labelled, score
from classifier.chat.learned import FILE, LANES, LaneModel, signs_as_numbers, weigher
from classifier.chat.signs import ChatLine, ChatPlanView, Signs, signs_of
from classifier.features import SIZE, Floats
from classifier.model_files import ModelFiles
from classifier.protocol import Classifier
from classifier.taxonomy import services_of_taxonomy
from models.chats import ChatLane

STRENGTH = 6.0
"""Inverse of the regularisation. Chosen, as _LEAST and the sign scale, on tables held out in turn."""
_LEAST, _ROUNDS, _TOLERANCE = 3, 150, 1e-3
"""A word counts from so many posts on."""
_DANGER_WEIGHT = 0.1
_MINUTE = 20.0
UNDER_A_QUESTION = {
    ChatLane.ANSWER: 0.5,
    ChatLane.QUESTION: 0.4,
    ChatLane.NEEDS_ANSWER: 0.4,
    ChatLane.SERVICE_REQUEST: 0.3,
    ChatLane.OFF_TOPIC: 0.3,
    ChatLane.ABUSE: 0.3,
    ChatLane.EMERGENCY: 0.2,
    ChatLane.HOST: 0.0,
}
"""How many posts of a lane stand under a question: each line of the corpus teaches both, by these shares."""
_PLAN = ChatPlanView([(number, minute) for number, minute in enumerate(MINUTES, 1)], GRACE)


@dataclass(frozen=True, slots=True)
class Taught:
    """Posts as signs, their lanes by number, and how much each counts. `lines`: written for a chat, not dangers."""

    signs: Sequence[Signs]
    lanes: npt.NDArray[np.int64]
    weights: Floats
    lines: bool = True


def fit(taught: Sequence[Taught], made_of: str = "") -> LaneModel:
    """A model of all that is taught. Words that stand in dangers alone are left out: they are the rules' business."""
    words = csr_matrix(_words(taught))
    lines = np.concatenate([np.full(len(one.lanes), one.lines) for one in taught])
    often = np.bincount(words[lines].indices, minlength=SIZE) >= _LEAST
    used = np.flatnonzero(often).astype(np.int32)
    signs = np.stack([signs_as_numbers(one) for part in taught for one in part.signs])
    fitted = LogisticRegression(C=STRENGTH, max_iter=_ROUNDS, tol=_TOLERANCE).fit(
        hstack([csr_matrix(signs), words[:, used]]).tocsr(),
        np.concatenate([one.lanes for one in taught]),
        sample_weight=np.concatenate([one.weights for one in taught]),
    )
    weights = np.zeros((len(LANES), signs.shape[1] + len(used)), np.float32)
    bias = np.full(len(LANES), -10.0, np.float32)
    weights[fitted.classes_], bias[fitted.classes_] = fitted.coef_, fitted.intercept_
    beside, of_words = weights[:, : signs.shape[1]].T, weights[:, signs.shape[1] :].T
    return LaneModel(used, np.ascontiguousarray(of_words), np.ascontiguousarray(beside), bias, made_of)


def posts_of(posts: Sequence[LabelledPost], classifier: Classifier) -> Taught:
    """Labelled posts, each counted once."""
    return _taught(posts, np.ones(len(posts), np.float32), classifier)


def corpus_posts(classifier: Classifier) -> list[Taught]:
    """The lines of classifier/chat/corpus, and the dangers of classifier/corpus for the emergencies."""
    dangers = [(one.text, ChatLane.EMERGENCY) for one in corpus.dangers() if one.value == "danger"]
    found = []
    for lines, weight in ((list(corpus_lines()), 1.0), (dangers, _DANGER_WEIGHT)):
        posts, weights = [], []
        for text, lane in lines:
            alone = LabelledPost(ChatLine(text, _MINUTE), None, lane)
            share = UNDER_A_QUESTION[lane]
            posts += [alone, replace(alone, line=replace(alone.line, reply_to_question=2))]
            weights += [weight * (1 - share), weight * share]
        told = _taught(posts, np.array(weights, np.float32), classifier)
        found.append(replace(told, lines=weight == 1.0))
    return found


def corpus_lines() -> Iterator[tuple[str, ChatLane]]:
    """Every line of our own and its lane."""
    for file in _corpus_files():
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            yield row["text"], ChatLane(row["lane"])


def fingerprint(tables: Sequence[Path]) -> str:
    """Changes with the texts that teach and with the code that cuts and counts them."""
    package = Path(str(files("classifier")))
    code = [package / name for name in ("features.py", "words.py", "chat/learned.py")]
    digest = hashlib.sha256()
    for file in [*_corpus_files(), *sorted(tables, key=lambda one: one.name), *code, Path(__file__)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _corpus_files() -> list[Path]:
    return sorted(Path(str(files("classifier.chat") / "corpus")).glob("lanes.*.jsonl"))


def _taught(posts: Sequence[LabelledPost], weights: Floats, classifier: Classifier) -> Taught:
    texts = list(dict.fromkeys(post.line.text for post in posts))
    understood = dict(zip(texts, classifier.classify(texts, services_of_taxonomy()), strict=True))
    signs = [signs_of(post.line, _PLAN, understood[post.line.text]) for post in posts]
    return Taught(signs, np.array([LANES.index(post.lane) for post in posts], np.int64), weights)


def _words(taught: Sequence[Taught]) -> csr_matrix:
    return weigher().matrix([one.line.text for part in taught for one in part.signs])


def _held_out(tables: Sequence[Path], classifier: Classifier) -> None:
    """Prints how right the reading is on each table when only the others taught."""
    ours = corpus_posts(classifier)
    for table in tables:
        others = [posts_of(read_labelled([one]), classifier) for one in tables if one != table]
        model = fit([*ours, *others])
        found = score(read_labelled([table]), classifier, model=model)
        print(f"{table.name}: question {found.question_accuracy:.3f}, lane {found.lane_accuracy:.3f}")
        print(json.dumps(found.as_dict()["confusion"]))


def main() -> None:
    """Reads the command line, and learns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", type=Path)
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--held-out", action="store_true")
    asked = parser.parse_args()
    classifier = FollowingClassifier(ModelFiles(asked.models))
    if asked.held_out:
        _held_out(asked.tables, classifier)
        return
    taught = [*corpus_posts(classifier), *(posts_of(read_labelled([one]), classifier) for one in asked.tables)]
    file = Path(reading.__file__).with_name(FILE)
    fit(taught, fingerprint(asked.tables)).save(file)
    print(f"{sum(len(one.lanes) for one in taught)} posts taught {file}, {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
