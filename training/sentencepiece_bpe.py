"""The tokenizer of a LLaMA GGUF: byte-pair merges learned here, applied as llama.cpp applies them.

llama.cpp joins, again and again, the neighbours whose joined text is the best-scored token of the vocabulary; the
earliest pair wins a tie, and what is in no token falls back to byte tokens.
"""

import heapq
import re
from collections import Counter

SPACE = "\u2581"
UNKNOWN_ID, START_ID, END_ID = 0, 1, 2
SPECIALS = ("<unk>", "<s>", "</s>")
FIRST_BYTE_ID = len(SPECIALS)


class SentencePieceBpe:
    def __init__(self, pieces: list[str], scores: list[float]):
        self.pieces = pieces
        self.scores = scores
        # Byte tokens are looked up by number, never by their text.
        self._id_of = {piece: index for index, piece in enumerate(pieces) if index >= FIRST_BYTE_ID + 256}
        self._cache: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.pieces)

    def id_of(self, text: str) -> int:
        """The one token that is this text; KeyError when it takes more than one."""
        return self._id_of[text.replace(" ", SPACE)]

    def encode(self, text: str) -> list[int]:
        """No start token and no space before the first word: what is written is what is encoded."""
        ids: list[int] = []
        # No learned token has a space inside, so words can be encoded, and cached, one by one.
        for word in re.findall(f"{SPACE}?[^{SPACE}\n]+|{SPACE}|\n", text.replace(" ", SPACE)):
            if word not in self._cache:
                self._cache[word] = self._encode_word(word)
            ids += self._cache[word]
        return ids

    def _encode_word(self, word: str) -> list[int]:
        parts = list(word)
        while len(parts) > 1:
            best, place = None, -1
            for index in range(len(parts) - 1):
                token = self._id_of.get(parts[index] + parts[index + 1])
                if token is not None and (best is None or self.scores[token] > best):
                    best, place = self.scores[token], index
            if best is None:
                break
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        ids: list[int] = []
        for part in parts:
            token = self._id_of.get(part)
            ids += [token] if token is not None else [FIRST_BYTE_ID + byte for byte in part.encode("utf-8")]
        return ids


def learn(texts: list[str], vocabulary_max: int, whole: list[str]) -> SentencePieceBpe:
    """Merges by frequency; each text in `whole` is sure to end as one token."""
    words = Counter(word for text in texts for word in re.findall(f"{SPACE}?[^{SPACE}\n]+", text.replace(" ", SPACE)))
    for text in whole:
        words[text.replace(" ", SPACE)] += len(texts)
    letters = Counter(letter for word, count in words.items() for letter in word for _ in range(min(count, 50)))
    alphabet = [letter for letter, count in letters.most_common(160) if count >= 20]
    merged = _learn_merges(words, vocabulary_max - FIRST_BYTE_ID - 256 - len(alphabet))
    pieces = [*SPECIALS, *(f"<0x{byte:02X}>" for byte in range(256)), *merged, *alphabet]
    learned = [-float(rank) for rank in range(len(merged) + len(alphabet))]
    return SentencePieceBpe(pieces, [0.0] * (FIRST_BYTE_ID + 256) + learned)


def _learn_merges(words: Counter, merges_max: int) -> list[str]:
    split = [(list(word), count) for word, count in words.items()]
    counts: Counter = Counter()
    places: dict[tuple[str, str], set[int]] = {}
    for index, (parts, count) in enumerate(split):
        for pair in zip(parts, parts[1:]):
            counts[pair] += count
            places.setdefault(pair, set()).add(index)
    heap = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(heap)
    merged: list[str] = []
    while heap and len(merged) < merges_max:
        count, pair = heapq.heappop(heap)
        if counts[pair] != -count or -count < 2:
            continue
        joined = pair[0] + pair[1]
        if joined not in merged:
            merged.append(joined)
        changed = set()
        for index in places.pop(pair):
            parts, times = split[index]
            for old in zip(parts, parts[1:]):
                counts[old] -= times
                changed.add(old)
            place = 0
            while place < len(parts) - 1:
                if (parts[place], parts[place + 1]) == pair:
                    parts[place : place + 2] = [joined]
                place += 1
            for new in zip(parts, parts[1:]):
                counts[new] += times
                places.setdefault(new, set()).add(index)
                changed.add(new)
        counts[pair] = 0
        for other in changed - {pair}:
            if counts[other] > 0:
                heapq.heappush(heap, (-counts[other], other))
    return merged
