"""Make the tokenizer fixtures: three small tokenizers, and the ids and texts the fast tokenizer gives for odd strings.

Made with transformers 4.47.0 and tokenizers as pinned in Tests/Reference/README.md, seed 0, from the tokenizer of the
small PaliGemma 2 in samples/tiny-paligemma2 (or wherever its folder is):
    python Tests/Reference/tokenization/make_tokenization.py TINY-FOLDER Tests/Reference/fixtures/tokenization

tiny   the sample's tokenizer, JSON without line breaks
bare   the same pieces without <loc....> and <seg...> in tokenizer.model: added_tokens.json has them, as some exports do
flags  tokenizer.json with added tokens of every flag (lstrip, rstrip, single_word, normalized)
"""

import json
import random
import shutil
import sys
from pathlib import Path

from sentencepiece import sentencepiece_model_pb2 as proto
from tokenizers import Tokenizer

PARTS = [
    "", " ", "  ", "   ", "\n", "\n\n", "\n\n\n", "\t", "\r\n", "\u00a0", "\u3000", "\u2581", "\0", "\x01", "\x7f", "\u200b",
    "a", "card", "king", " ace", "detect ", "10 of clubs", "Ünïcödé", "e\u0301", "\u00e9", "ﬁ", "½", "黑桃A", "红心", "בדיקה",
    "\u202eabc\u202c", "مرحبا", "हिन्दी", "한국어", "ไทย", "😀", "👩\u200d👩\u200d👧", "🏳️\u200d🌈", "🂡", "𝒳", "\U0010ffff", "\ufffd",
    "<loc0000>", "<loc0123>", "<loc1023>", "<loc1024>", "<loc99999>", "<loc12>", "<loc", "<seg000>", "<seg127>", "<seg128>",
    "<image>", "<bos>", "<eos>", "<pad>", "<unk>", "<mask>", "<0x41>", "<0x", "<", ">", " ; ", ";", "x<image>y", "</s>",
]
FLAG_PARTS = ["<L>", "<R>", "<LR>", "<W>", "two words", "two\u2581words", " ", "  ", "\n", "\t", "a", "_", "9", "é", "\u0301", "\u200d", "-", "x"]


def texts():
    generator = random.Random(0)
    fixed = PARTS + ["<loc0001><loc0002><loc0003><loc0004> card ; <loc0005>", "<image>" * 8 + "<bos>detect card\n"]
    mixed = ["".join(generator.choices(PARTS, k=generator.randint(2, 9))) for _ in range(300)]
    return fixed + mixed


def flag_texts():
    generator = random.Random(0)
    return FLAG_PARTS + ["".join(generator.choices(FLAG_PARTS, k=generator.randint(2, 7))) for _ in range(300)]


def cases(tokenizer, strings):
    found = []
    for text in strings:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        case = {"text": text, "ids": ids}
        for key, skip in (("decoded", False), ("decoded_without_special", True)):
            decoded = tokenizer.decode(ids, skip_special_tokens=skip)
            if decoded != text:
                case[key] = decoded
        found.append(case)
    return found


def decoding_cases(tokenizer):
    """Ids in no sensible order: halves of characters, special tokens, ids that do not exist."""
    generator = random.Random(1)
    size = tokenizer.get_vocab_size()
    bytes_first = tokenizer.token_to_id("<0x00>")
    found = []
    for _ in range(200):
        kinds = generator.choices(["byte", "any", "absent"], weights=[6, 6, 1], k=generator.randint(1, 12))
        ids = [
            bytes_first + generator.choice([0x41, 0xC3, 0xA9, 0xF0, 0x9F, 0x98, 0x80]) if kind == "byte"
            else generator.randrange(size) if kind == "any" else size + generator.randrange(5)
            for kind in kinds
        ]
        found.append({"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False),
                      "decoded_without_special": tokenizer.decode(ids, skip_special_tokens=True)})
    return found


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


def is_location(text):
    return text.startswith(("<loc0", "<loc1", "<seg"))


def make_bare(tiny, folder):
    model = proto.ModelProto()
    model.ParseFromString((tiny / "tokenizer.model").read_bytes())
    kept = [piece for piece in model.pieces if not is_location(piece.piece)]
    added = {piece.piece: index for index, piece in enumerate(model.pieces) if is_location(piece.piece)}
    added |= json.loads((tiny / "added_tokens.json").read_text())
    del model.pieces[:]
    model.pieces.extend(kept)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.model").write_bytes(model.SerializeToString())
    write(folder / "added_tokens.json", added)
    shutil.copyfile(tiny / "special_tokens_map.json", folder / "special_tokens_map.json")


def make_flags(description, folder):
    vocabulary = description["model"]["vocab"]
    description["model"]["vocab"] = {piece: id for piece, id in vocabulary.items() if not is_location(piece)}
    size = len(description["model"]["vocab"])
    added = [token for token in description["added_tokens"] if token["id"] < size]
    flags = [
        ("<L>", {"lstrip": True}), ("<R>", {"rstrip": True}), ("<LR>", {"lstrip": True, "rstrip": True, "special": True}),
        ("<W>", {"single_word": True}), ("two words", {"normalized": True}), ("x", {"single_word": True, "normalized": True}),
    ]
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    x = vocabulary["x"]
    added += [{"id": x if text == "x" else size + index, "content": text} | plain | flag
              for index, (text, flag) in enumerate(flags)]
    description["added_tokens"] = sorted(added, key=lambda token: token["id"])
    write(folder / "tokenizer.json", description)
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def main(tiny, folder):
    description = json.loads((tiny / "tokenizer.json").read_text())
    write(folder / "tiny" / "tokenizer.json", description)
    write(folder / "tiny" / "tokenizer_config.json", json.loads((tiny / "tokenizer_config.json").read_text()))
    for name in ("tokenizer.model", "added_tokens.json", "special_tokens_map.json"):
        shutil.copyfile(tiny / name, folder / "tiny" / name)
    make_bare(tiny, folder / "bare")
    tokenizer = Tokenizer.from_file(str(folder / "tiny" / "tokenizer.json"))
    write(folder / "tiny" / "cases.json", cases(tokenizer, texts()))
    write(folder / "tiny" / "decoding.json", decoding_cases(tokenizer))
    write(folder / "flags" / "cases.json", cases(make_flags(description, folder / "flags"), flag_texts()))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
