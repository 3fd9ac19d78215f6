"""A BERT of a few kilobytes with made-up weights and a tokenizer of single letters, to build and to teach in tests."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

WIDTH, LAYERS, HEADS, INNER, TOKENS = 32, 2, 4, 64, 128
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'"
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
CONFIG = {
    "model_type": "bert",
    "architectures": ["BertModel"],
    "hidden_act": "gelu",
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": INNER,
    "max_position_embeddings": TOKENS,
    "type_vocab_size": 2,
    "vocab_size": len(VOCABULARY),
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}


def write_small_bert(folder: Path) -> Path:
    """Writes config.json, model.safetensors and the tokenizer's files."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer()))
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": TOKENS}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    save_file(_weights(), folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _weights() -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    chance = np.random.default_rng(8)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(VOCABULARY), WIDTH),
        "embeddings.position_embeddings.weight": (TOKENS, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in (f"encoder.layer.{number}" for number in range(LAYERS)):
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes |= {f"{layer}.attention.{part}.weight": (WIDTH, WIDTH), f"{layer}.attention.{part}.bias": (WIDTH,)}
        shapes |= {f"{layer}.intermediate.dense.weight": (INNER, WIDTH), f"{layer}.intermediate.dense.bias": (INNER,)}
        shapes |= {f"{layer}.output.dense.weight": (WIDTH, INNER), f"{layer}.output.dense.bias": (WIDTH,)}
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    made = {name: chance.normal(0, 0.2, shape).astype(np.float32) for name, shape in shapes.items()}
    for norm in norms:
        made |= {f"{norm}.weight": np.ones(WIDTH, np.float32), f"{norm}.bias": np.zeros(WIDTH, np.float32)}
    return made


def _tokenizer() -> dict[str, object]:
    special = [
        {
            "id": number,
            "content": VOCABULARY[number],
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for number in range(5)
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "BertProcessing",
            "sep": ["[SEP]", 3],
            "cls": ["[CLS]", 2],
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {piece: number for number, piece in enumerate(VOCABULARY)},
        },
    }
