"""What PaliGemmaProcessor returns for texts and pictures: fixtures/processor/{tokens,pixels}-VERSION.*.

    python processor/make_processor.py --version newest

Tokenizer: that of samples/tiny-paligemma2 (or of ../shared/data/tiny-paligemma2 where the samples are absent). The image
processor is set to 28 px and 4 image tokens, so that ids stay short.

tokens-VERSION.json is a list of {case, text, suffix, padding_side, output} with `input_ids`, `attention_mask` and, where
the release gives them, `token_type_ids` and `labels`. `suffix` null means none was passed. Texts with `<image>` are the
notebook's way, those without let the processor add it. Texts and suffixes are lists even for one example: 4.47.0 raises
a TypeError for a single string beside a text that holds `<image>`.
pixels-VERSION.safetensors has `png/28`, `png/56`, `jpeg/28`, `jpeg/56` [3, size, size] for photo.png and photo.jpg
(32 x 20 px, made here by the period program).
"""

import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy
import torch
from PIL import Image
from transformers import AutoTokenizer, PaliGemmaProcessor, SiglipImageProcessor

from common import fixtures
from common.versions import parse_version

SEED = 50
CHECKOUT = Path(__file__).resolve().parents[3]
TOKENIZERS = [CHECKOUT / "samples/tiny-paligemma2", CHECKOUT.parent / "shared/data/tiny-paligemma2"]
BOX = "<loc0100><loc0200><loc0300><loc0400>"

SINGLES = {
    "a detection": ("<image>detect card", f"{BOX} card"),
    "two boxes": ("<image>detect 10 of clubs ; ace of hearts", f"{BOX} 10 of clubs ; {BOX} ace of hearts"),
    "no suffix": ("<image>detect card", None),
    "an empty suffix": ("<image>detect card", ""),
    "an empty prefix": ("<image>", f"{BOX} card"),
    "a prefix that ends in a newline": ("<image>detect card\n", f"{BOX} card"),
    "a newline inside": ("<image>detect\ncard", "card\n"),
    "spaces": ("<image> detect  card ", " card "),
    "a space before the image": (" <image>detect card", "card"),
    "Chinese": ("<image>检测 卡片", f"{BOX} 红桃"),
    "an emoji and accents": ("<image>détecter 🂡", "é"),
    "special tokens in the prefix": ("<image>detect <loc0100> <eos> <seg001>", "<pad><bos>"),
    "without <image>": ("detect card", f"{BOX} card"),
    "without <image>, empty": ("", f"{BOX} card"),
    "without <image>, no suffix": ("detect card", None),
    "without <image>, ends in a newline": ("detect card\n", "card"),
    "without <image>, Chinese": ("检测 卡片", "红桃 ; 黑桃"),
}
BATCH = ["<image>detect card", "<image>detect 10 of clubs ; ace of hearts", "<image>"]
BATCH_SUFFIXES = [f"{BOX} card", f"{BOX} 10 of clubs ; {BOX} ace of hearts", ""]


def image_processor(pixels: int) -> SiglipImageProcessor:
    """The image processor of PaliGemma at another size."""
    processor = SiglipImageProcessor(
        size={"height": pixels, "width": pixels}, resample=3, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    processor.image_seq_length = (pixels // 14) ** 2
    return processor


def load_processor() -> PaliGemmaProcessor:
    """The processor with the sample's tokenizer."""
    folder = next(path for path in TOKENIZERS if path.exists())
    return PaliGemmaProcessor(image_processor=image_processor(28), tokenizer=AutoTokenizer.from_pretrained(folder))


def run(processor: PaliGemmaProcessor, text: list[str], suffix: list[str] | None, side: str | None) -> dict[str, list]:
    """One call; ids as lists."""
    images = [Image.new("RGB", (28, 28))] * len(text)
    options = {"padding": "longest", "padding_side": side} if side else {}
    found = processor(images=images, text=text, suffix=suffix, return_tensors="pt", **options)
    names = ("input_ids", "attention_mask", "token_type_ids", "labels")
    return {key: found[key].tolist() for key in names if key in found}


def token_cases(processor: PaliGemmaProcessor) -> list[dict]:
    """Every case of SINGLES, and the batch padded on either side with and without suffixes."""
    cases = [
        {"case": case, "text": [text], "suffix": None if suffix is None else [suffix], "padding_side": None}
        for case, (text, suffix) in SINGLES.items()
    ]
    for side in ("left", "right"):
        for suffix in (BATCH_SUFFIXES, None):
            case = f"a batch padded on the {side}" + ("" if suffix else ", no suffix")
            cases.append({"case": case, "text": BATCH, "suffix": suffix, "padding_side": side})
    for entry in cases:
        entry["output"] = run(processor, entry["text"], entry["suffix"], entry["padding_side"])
    return cases


def draw_pictures(folder: Path) -> None:
    """photo.png and photo.jpg: a gradient under noise, 32 px wide and 20 px high."""
    noise = numpy.random.default_rng(SEED).integers(0, 96, (20, 32, 3))
    rows, columns = numpy.mgrid[0:20, 0:32]
    gradient = numpy.stack([columns * 5, rows * 8, (rows + columns) * 3], axis=-1)
    picture = Image.fromarray((gradient + noise).clip(0, 255).astype(numpy.uint8))
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(folder / "photo.png", optimize=True)
    picture.save(folder / "photo.jpg", quality=90)


def pixel_values(folder: Path) -> dict[str, torch.Tensor]:
    """Pixels of both files at both sizes."""
    found = {}
    for name, file in {"png": "photo.png", "jpeg": "photo.jpg"}.items():
        for size in (28, 56):
            batch = image_processor(size)(Image.open(folder / file), return_tensors="pt")
            found[f"{name}/{size}"] = batch["pixel_values"][0]
    return found


def main() -> None:
    """Tokens and pixels."""
    version = parse_version(__doc__)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    folder = fixtures.ROOT / "processor"
    if version == "period":
        draw_pictures(folder)
    cases = token_cases(load_processor())
    fixtures.write_json("processor", f"tokens-{version}", cases, version, SEED, "ids, masks, types and labels")
    fixtures.write("processor", f"pixels-{version}", pixel_values(folder), version, SEED, "pixel_values of two files")


if __name__ == "__main__":
    main()
