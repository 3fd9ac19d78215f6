"""The BERT encoder as an ONNX graph, built from its safetensors with the `onnx` package alone; no torch.

Tokens in, one unit vector a text out: embeddings, N transformer layers with GELU, pooling over the mask, L2 norm.
Names of the weights are those of `transformers.BertModel`; how tokens are pooled is read where sentence-transformers
writes it, in 1_Pooling/config.json.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors import SafetensorError
from safetensors.numpy import load_file

OPSET = 20  # the first with Gelu
MASKED = -10_000.0
"""Added to the attention score of padding: softmax makes it nothing."""
KEPT_WHOLE = ("encoder.layer.0.output.dense.product",)
"""Stays in 32 bits: its input spreads widest, and what is lost here runs through all layers. For 1.8 MB more the worst
of 4,000 texts comes from a cosine of .9752 to .9783, the mean from .9932 to .9947."""

Array = npt.NDArray[np.float32]


class NotAnEncoder(ValueError):
    """A folder holds no encoder that can be used. Says what is missing."""


class NotABertEncoder(NotAnEncoder):
    """The weights or their configuration are no BERT encoder that this graph can hold. Says what is missing."""


class Pooling(StrEnum):
    """How the vectors of the tokens become one."""

    MEAN = "mean"
    FIRST = "first"


def pooling_of(folder: Path) -> Pooling:
    """As 1_Pooling/config.json of an encoder's folder says; the mean where it says nothing. Raises NotAnEncoder."""
    file = folder / "1_Pooling" / "config.json"
    if not file.exists():
        return Pooling.MEAN
    ways = {name.removeprefix("pooling_mode_") for name, used in _fields(file).items() if used is True}
    ways -= {"include_prompt"}
    if ways == {"mean_tokens"}:
        return Pooling.MEAN
    if ways == {"cls_token"}:
        return Pooling.FIRST
    raise NotAnEncoder(f"{file} pools by {', '.join(sorted(ways)) or 'nothing'}; known are mean_tokens and cls_token")


def _fields(file: Path) -> dict[str, Any]:
    try:
        fields = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise NotAnEncoder(f"{file} cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise NotAnEncoder(f"{file} is no JSON ({error})") from None
    if not isinstance(fields, dict):
        raise NotAnEncoder(f"{file} holds no settings")
    return fields


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of an encoder, as its config.json gives them."""

    width: int
    layers: int
    heads: int
    epsilon: float
    pooling: Pooling = Pooling.MEAN

    @classmethod
    def read(cls, config: Path) -> "Shape":
        """From a Hugging Face config.json. Raises NotABertEncoder for any other architecture, else NotAnEncoder."""
        fields = _fields(config)
        kind = (fields.get("model_type"), fields.get("hidden_act"), fields.get("position_embedding_type", "absolute"))
        if kind != ("bert", "gelu", "absolute"):
            raise NotABertEncoder(f"{config} tells of a {fields.get('model_type')} model; only BERT with GELU is built")
        try:
            return cls(
                width=int(fields["hidden_size"]),
                layers=int(fields["num_hidden_layers"]),
                heads=int(fields["num_attention_heads"]),
                epsilon=float(fields["layer_norm_eps"]),
                pooling=pooling_of(config.parent),
            )
        except (KeyError, TypeError) as error:
            raise NotABertEncoder(f"{config} does not say {error}") from None


class _Graph:
    """Nodes and weights under construction. Every method returns the name of its output."""

    def __init__(self, weights: Mapping[str, Array], shape: Shape) -> None:
        self._weights = weights
        self._shape = shape
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """One node with one output."""
        output = name or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        """A value that the graph carries; the same name is stored once."""
        self.initializers.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def weight(self, name: str, *, turned: bool = False) -> str:
        """A weight of the model; `turned` for the matrix of a linear layer, stored as (out, in)."""
        if name not in self._weights:
            raise NotABertEncoder(f"the weights hold no {name}")
        value = self._weights[name]
        return self.constant(name, np.ascontiguousarray(value.T if turned else value))

    def linear(self, value: str, layer: str) -> str:
        """value @ W + b."""
        product = self.add("MatMul", value, self.weight(f"{layer}.weight", turned=True), name=f"{layer}.product")
        return self.add("Add", product, self.weight(f"{layer}.bias"))

    def normed(self, value: str, layer: str) -> str:
        """Layer normalisation over the last axis."""
        scale, shift = self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias")
        return self.add("LayerNormalization", value, scale, shift, axis=-1, epsilon=self._shape.epsilon)

    def embeddings(self) -> str:
        """Word, position and token type, summed and normed. (texts, tokens, width)"""
        words = self.add("Gather", self.weight("embeddings.word_embeddings.weight"), "input_ids")
        length = self.add("Shape", "input_ids", start=1, end=2)
        one = self.constant("one", np.array([1], np.int64))
        positions = self.add(
            "Slice",
            self.weight("embeddings.position_embeddings.weight"),
            self.constant("zero", np.array([0], np.int64)),
            length,
            self.constant("first_axis", np.array([0], np.int64)),
            one,
        )
        kinds = "embeddings.token_type_embeddings.weight"
        if kinds not in self._weights:
            raise NotABertEncoder(f"the weights hold no {kinds}")
        kind = self.constant("token_type", self._weights[kinds][0])
        summed = self.add("Add", self.add("Add", words, positions), kind)
        return self.normed(summed, "embeddings.LayerNorm")

    def split(self, value: str, *, turned: bool = False) -> str:
        """(texts, tokens, width) to (texts, heads, tokens, part), or its last two axes turned."""
        heads, part = self._shape.heads, self._shape.width // self._shape.heads
        parted = self.add("Reshape", value, self.constant("parts", np.array([0, 0, heads, part], np.int64)))
        return self.add("Transpose", parted, perm=[0, 2, 3, 1] if turned else [0, 2, 1, 3])

    def layer(self, value: str, number: int, bias: str) -> str:
        """One transformer layer."""
        name = f"encoder.layer.{number}"
        part = self._shape.width // self._shape.heads
        query = self.split(self.linear(value, f"{name}.attention.self.query"))
        key = self.split(self.linear(value, f"{name}.attention.self.key"), turned=True)
        scale = self.constant("scale", np.array(1 / np.sqrt(part), np.float32))
        scores = self.add("Add", self.add("Mul", self.add("MatMul", query, key), scale), bias)
        attention = self.add("Softmax", scores, axis=-1)
        mixed = self.add("MatMul", attention, self.split(self.linear(value, f"{name}.attention.self.value")))
        whole = self.constant("whole", np.array([0, 0, self._shape.width], np.int64))
        joined = self.add("Reshape", self.add("Transpose", mixed, perm=[0, 2, 1, 3]), whole)
        attended = self.add("Add", self.linear(joined, f"{name}.attention.output.dense"), value)
        attended = self.normed(attended, f"{name}.attention.output.LayerNorm")
        inner = self.add("Gelu", self.linear(attended, f"{name}.intermediate.dense"))
        return self.normed(
            self.add("Add", self.linear(inner, f"{name}.output.dense"), attended), f"{name}.output.LayerNorm"
        )

    def pooled(self, value: str, mask: str) -> None:
        """The first token, or the mean over those that are no padding; then length one."""
        if self._shape.pooling is Pooling.FIRST:
            first = self.add("Gather", value, self.constant("first_token", np.array(0, np.int64)), axis=1)
            self.add("LpNormalization", first, name="vectors", axis=-1, p=2)
            return
        tokens = self.constant("token_axis", np.array([1], np.int64))
        column = self.add("Unsqueeze", mask, self.constant("last_axis", np.array([2], np.int64)))
        total = self.add("ReduceSum", self.add("Mul", value, column), tokens, keepdims=0)
        mean = self.add("Div", total, self.add("ReduceSum", mask, tokens, keepdims=1))
        self.add("LpNormalization", mean, name="vectors", axis=-1, p=2)


def build(weights: Mapping[str, Array], shape: Shape) -> onnx.ModelProto:
    """The encoder as a checked ONNX model.

    Inputs `input_ids` and `attention_mask`: int64 (texts, tokens), padded at the end. Output `vectors`: float32
    (texts, width), unit length. Raises NotABertEncoder where a weight is missing.
    """
    graph = _Graph(weights, shape)
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    spread = graph.add("Unsqueeze", mask, graph.constant("head_axes", np.array([1, 2], np.int64)))
    away = graph.add("Sub", graph.constant("present", np.array(1, np.float32)), spread)
    bias = graph.add("Mul", away, graph.constant("masked", np.array(MASKED, np.float32)))
    value = graph.embeddings()
    for number in range(shape.layers):
        value = graph.layer(value, number, bias)
    graph.pooled(value, mask)
    size = ["texts", "tokens"]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "encoder",
            [helper.make_tensor_value_info(name, TensorProto.INT64, size) for name in ("input_ids", "attention_mask")],
            [helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["texts", shape.width])],
            list(graph.initializers.values()),
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=10,
    )
    onnx.checker.check_model(model)
    return model


def write(source: Path, target: Path, *, int8: bool = True) -> None:
    """Builds the encoder in `source` (config.json, model.safetensors) as the ONNX file `target`.

    `int8`: linear layers but KEPT_WHOLE as per-channel int8 weights, activations quantised as they come; a quarter of
    the size.
    Raises NotABertEncoder for another architecture, NotAnEncoder where a file is missing or damaged.
    """
    shape = Shape.read(source / "config.json")
    model = build(_weights(source / "model.safetensors"), shape)
    if not int8:
        onnx.save(model, target)
        return
    log = logging.getLogger()
    level = log.level
    log.setLevel(logging.ERROR)  # ONNX Runtime tells the root log about every node that it leaves as it is
    try:
        quantize_dynamic(
            model, target, per_channel=True, weight_type=QuantType.QInt8, nodes_to_exclude=list(KEPT_WHOLE)
        )
    finally:
        log.setLevel(level)


def _weights(file: Path) -> dict[str, Array]:
    """The weights by the names of BertModel; a model with a head on top, and the oldest ones, call them otherwise."""
    try:
        held = load_file(file)
    except OSError as error:
        raise NotAnEncoder(f"{file} cannot be read ({error.strerror or error})") from None
    except (SafetensorError, KeyError, TypeError) as error:
        raise NotAnEncoder(f"{file} holds no weights that can be read ({error})") from None
    return {
        name.removeprefix("bert.")
        .replace("LayerNorm.gamma", "LayerNorm.weight")
        .replace("LayerNorm.beta", "LayerNorm.bias"): np.asarray(value, np.float32)
        for name, value in held.items()
    }
