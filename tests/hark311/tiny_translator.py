"""A Marian model of a few thousand random weights, made on the spot: it translates nothing well, and really runs."""

import json
from pathlib import Path

import sentencepiece
from transformers import MarianConfig, MarianMTModel, MarianTokenizer

SENTENCES = ("hay un bache en la calle", "there is a pothole in the street", "no hay luz", "there is no light")


def make_tiny_model(folder: Path) -> Path:
    """Write tokenizer and model into `folder`, as OPUS-MT models are laid out."""
    folder.mkdir(parents=True)
    text = folder / "sentences.txt"
    text.write_text("\n".join(SENTENCES * 20), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(folder / "source"),
        vocab_size=60,
        model_type="unigram",
        hard_vocab_limit=False,
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(folder / "source.model"))
    words = ["</s>", "<unk>", *(pieces.id_to_piece(one) for one in range(pieces.get_piece_size()))]
    vocab = {word: place for place, word in enumerate(dict.fromkeys([*words, "<pad>"]))}
    (folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    model_file = str(folder / "source.model")
    tokenizer = MarianTokenizer(source_spm=model_file, target_spm=model_file, vocab=str(folder / "vocab.json"))
    tokenizer.save_pretrained(folder)
    config = MarianConfig(
        vocab_size=len(vocab),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_position_embeddings=512,
        pad_token_id=vocab["<pad>"],
        eos_token_id=vocab["</s>"],
        decoder_start_token_id=vocab["<pad>"],
        forced_eos_token_id=vocab["</s>"],
    )
    MarianMTModel(config).save_pretrained(folder)
    return folder
