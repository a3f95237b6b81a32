"""The WordPiece tokenizer of the FinBERT model: its whole text normalisation lives in tokenizer.json."""

import pathlib

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

PAD, UNKNOWN, START, END, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
SPECIALS = (PAD, UNKNOWN, START, END, MASK)
PAD_ID, UNKNOWN_ID, START_ID, END_ID, MASK_ID = range(5)


def train(texts: list[str], vocabulary_max: int) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token=UNKNOWN, max_input_chars_per_word=100))
    # Links carry no sentiment, only random letters that would fill the 64 tokens.
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"https?://[^ ]+"), " "),
            normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary_max,
        min_frequency=2,
        special_tokens=list(SPECIALS),
        # Rare symbols and emoji become [UNK]: 120 characters cover English headlines.
        limit_alphabet=120,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        pair=f"{START} $A {END} $B:1 {END}:1",
        special_tokens=[(START, START_ID), (END, END_ID)],
    )
    return tokenizer


def load(path: pathlib.Path) -> Tokenizer:
    return Tokenizer.from_file(str(path))


def encode(tokenizer: Tokenizer, texts: list[str], tokens_max: int) -> list[list[int]]:
    """Cut to `tokens_max` with the closing [SEP] kept, as the engine does."""
    rows = []
    for encoding in tokenizer.encode_batch(texts):
        ids = encoding.ids
        rows.append(ids if len(ids) <= tokens_max else [*ids[: tokens_max - 1], END_ID])
    return rows


def config(tokens_max: int) -> dict:
    """tokenizer_config.json, for loaders that ask for it."""
    return {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "strip_accents": True,
        "model_max_length": tokens_max,
        "pad_token": PAD,
        "unk_token": UNKNOWN,
        "cls_token": START,
        "sep_token": END,
        "mask_token": MASK,
    }
