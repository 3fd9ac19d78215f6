"""Encoders of a city's own: another one by its folder, and ours taught with labels. torch is the `train` extra's."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from classifier.corpus import Example
from classifier.encoder.graph import NotAnEncoder
from classifier.encoder.local import open_encoder, take_over
from classifier.encoder.reference import ReferenceEncoder, TrainExtraMissing
from classifier.encoder.runtime import GRAPH, Encoder
from classifier.training.tuning import FEWEST_HELD_OUT, TooFewExamples, fine_tune
from tests.classifier.small_encoder import LETTERS, WIDTH, write_small_bert

TORCH = find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not TORCH, reason="torch is not installed: pip install 'torch>=2.6' (train extra)")
without_torch = pytest.mark.skipif(TORCH, reason="torch is installed")
TEXTS = ["big pothole on main", "loud music", "", "a" * 5_000, "\ud800 x", "\U0001f525"]


@pytest.fixture
def small_bert(tmp_path: Path) -> Path:
    return write_small_bert(tmp_path / "small")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where an encoder stands already, which must stay when another cannot be taken."""
    folder = tmp_path / "encoder"
    folder.mkdir()
    (folder / GRAPH).write_bytes(b"the one before")
    return folder


def pool_by(folder: Path, way: str) -> None:
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{way}": True}))


def become_another_architecture(folder: Path) -> None:
    """A DistilBERT with the same sizes; its weights have other names."""
    fields = json.loads((folder / "config.json").read_text())
    fields |= {"model_type": "distilbert", "architectures": ["DistilBertModel"], "activation": "gelu", "dim": WIDTH}
    fields |= {"n_layers": 2, "n_heads": 4, "hidden_dim": 64}
    (folder / "config.json").write_text(json.dumps(fields))
    names = {
        "encoder.layer": "transformer.layer",
        "attention.self.query": "attention.q_lin",
        "attention.self.key": "attention.k_lin",
        "attention.self.value": "attention.v_lin",
        "attention.output.dense": "attention.out_lin",
        "attention.output.LayerNorm": "sa_layer_norm",
        "intermediate.dense": "ffn.lin1",
        "output.dense": "ffn.lin2",
        "output.LayerNorm": "output_layer_norm",
    }
    held = {}
    for name, value in load_file(folder / "model.safetensors").items():
        for ours, theirs in names.items():
            name = name.replace(ours, theirs)
        held[name] = value
    held.pop("embeddings.token_type_embeddings.weight")
    save_file(held, folder / "model.safetensors", metadata={"format": "pt"})


def assert_untouched(target: Path) -> None:
    assert (target / GRAPH).read_bytes() == b"the one before"
    assert [one.name for one in target.parent.iterdir() if one.name.startswith("encoder")] == ["encoder"]


def test_a_bert_becomes_our_graph_and_needs_no_torch(small_bert: Path, target: Path) -> None:
    assert take_over(small_bert, target) == "Built as our int8 graph; it runs without torch."
    encoder = open_encoder(target)
    assert isinstance(encoder, Encoder)
    vectors = encoder.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), WIDTH)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert not (target / "model.safetensors").exists()


def test_nothing_but_what_it_needs_is_copied(small_bert: Path, target: Path) -> None:
    (small_bert / "modeling.py").write_text("raise SystemExit")
    pool_by(small_bert, "cls_token")
    take_over(small_bert, target)
    held = {str(one.relative_to(target)) for one in target.rglob("*") if one.is_file()}
    tokenizer = {"tokenizer.json", "tokenizer_config.json", "vocab.txt"}
    assert held == tokenizer | {GRAPH, "config.json", "1_Pooling/config.json"}


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_a_folder_that_is_not_whole_changes_nothing(small_bert: Path, target: Path, missing: str) -> None:
    (small_bert / missing).unlink()
    with pytest.raises(NotAnEncoder):
        take_over(small_bert, target)
    assert_untouched(target)


def test_a_folder_that_is_not_there_changes_nothing(tmp_path: Path, target: Path) -> None:
    with pytest.raises(NotAnEncoder, match="is no folder"):
        take_over(tmp_path / "nowhere", target)
    assert_untouched(target)


def test_a_tokenizer_that_does_not_fit_changes_nothing(small_bert: Path, target: Path) -> None:
    held = load_file(small_bert / "model.safetensors")
    held["embeddings.word_embeddings.weight"] = held["embeddings.word_embeddings.weight"][:8]
    save_file(held, small_bert / "model.safetensors")
    with pytest.raises(NotAnEncoder, match="reads no text"):
        take_over(small_bert, target)
    assert_untouched(target)


def test_weights_that_are_no_numbers_change_nothing(small_bert: Path, target: Path) -> None:
    held = load_file(small_bert / "model.safetensors")
    held["embeddings.LayerNorm.bias"][:] = np.nan
    save_file(held, small_bert / "model.safetensors")
    with pytest.raises(NotAnEncoder, match="no numbers of length one"):
        take_over(small_bert, target)
    assert_untouched(target)


@without_torch
def test_without_torch_another_architecture_says_what_it_needs(small_bert: Path, target: Path) -> None:
    become_another_architecture(small_bert)
    with pytest.raises(TrainExtraMissing, match="needs torch, which is not installed") as refused:
        take_over(small_bert, target)
    assert "pip install 'torch>=2.6'" in str(refused.value)
    assert_untouched(target)


@without_torch
def test_without_torch_fine_tuning_says_what_it_needs(small_bert: Path, target: Path) -> None:
    with pytest.raises(TrainExtraMissing, match="Fine-tuning needs torch"):
        fine_tune(small_bert, target, {}, 1)
    assert_untouched(target)


@needs_torch
@pytest.mark.parametrize("pooling", ["mean_tokens", "cls_token"])
def test_torch_and_our_graph_agree_on_a_small_bert(small_bert: Path, tmp_path: Path, pooling: str) -> None:
    from classifier.encoder import graph

    pool_by(small_bert, pooling)
    ours = tmp_path / "ours"
    shutil.copytree(small_bert, ours)
    graph.write(small_bert, ours / GRAPH, int8=False)
    alike = (Encoder(ours).encode(TEXTS) * ReferenceEncoder(small_bert).encode(TEXTS)).sum(axis=1)
    assert alike.min() >= 0.9999


@needs_torch
def test_another_architecture_runs_by_torch(small_bert: Path, target: Path) -> None:
    become_another_architecture(small_bert)
    assert "needs the train extra" in take_over(small_bert, target)
    encoder = open_encoder(target)
    assert isinstance(encoder, ReferenceEncoder)
    assert np.allclose(np.linalg.norm(encoder.encode(TEXTS), axis=1), 1, atol=1e-4)


@needs_torch
def test_weights_that_torch_would_have_to_make_up_are_refused(small_bert: Path, target: Path) -> None:
    become_another_architecture(small_bert)
    held = load_file(small_bert / "model.safetensors")
    held.pop("transformer.layer.0.ffn.lin1.weight")
    save_file(held, small_bert / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(NotAnEncoder, match=r"lin1\.weight"):
        take_over(small_bert, target)
    assert_untouched(target)


def lines(rows: int, *, told: bool) -> list[Example]:
    """Made-up lines of two classes. `told`: which class it is can be read in them, at a place that varies."""
    chance = np.random.default_rng(4)
    made = []
    for row in range(rows):
        value = row % 2
        letters = list(chance.choice(list(LETTERS[:20]), 9))
        if told:
            letters[int(chance.integers(9))] = "yz"[value]
        made.append(Example(" ".join(letters), ("POTHOLE", "NOISE")[value], "en"))
    return made


@needs_torch
def test_teaching_makes_an_encoder_better_that_runs_without_torch(small_bert: Path, target: Path) -> None:
    heard: list[str] = []
    tuned = fine_tune(small_bert, target, {"category": lines(600, told=True)}, 150, heard.append)
    assert tuned.kept, tuned.why
    assert tuned.after["category"] > tuned.before["category"]
    assert tuned.held_out["category"] >= FEWEST_HELD_OUT
    assert heard[0] == "measuring the encoder as it is"
    assert any(line.startswith("step 150 of 150") for line in heard)
    assert isinstance(open_encoder(target), Encoder)
    again = load_file(target / "model.safetensors")
    before = load_file(small_bert / "model.safetensors")
    assert np.array_equal(again["embeddings.word_embeddings.weight"], before["embeddings.word_embeddings.weight"]), (
        "only the last layers learn"
    )


@needs_torch
def test_an_encoder_that_got_no_better_is_refused(small_bert: Path, target: Path) -> None:
    tuned = fine_tune(small_bert, target, {"category": lines(400, told=True)}, 0)
    assert not tuned.kept
    assert tuned.before == tuned.after
    assert "the encoder stays as it was" in tuned.why
    assert_untouched(target)


@needs_torch
def test_too_few_labels_teach_nothing(small_bert: Path, target: Path) -> None:
    for examples in ({}, {"category": lines(20, told=True)}, {"category": [Example("x", "A", "en")] * 900}):
        with pytest.raises(TooFewExamples):
            fine_tune(small_bert, target, examples, 1)
    assert_untouched(target)
