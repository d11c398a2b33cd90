"""What it costs that transformers 4.47.0 leaves <eos> out of the labels when the text holds `<image>`.

    python processor/measure_missing_eos.py --version newest

Fine-tunes tiny-paligemma2 on tiny-cards twice (vision tower and projector frozen, AdamW 5e-4 falling to 0, batch 4,
3 epochs): with <eos> at the end of each suffix, and without. Then answers the test pictures greedily, at most 64 tokens,
and prints for each how many answers end by themselves, their mean length, and how many boxes were written for how many
that exist. Needs ../shared/data; writes no fixture. About five minutes on two cores.
"""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from PIL import Image
from transformers import AutoProcessor

from common import trace
from common.loading import load_folder
from common.versions import parse_version

DATA = Path(__file__).resolve().parents[4] / "shared/data"
EOS, PAD, LIMIT = 1, 0, 64
BATCH, EPOCHS, RATE = 4, 3, 5e-4


def rows(split: str) -> list[dict]:
    """The annotation lines of a split, with its pictures opened."""
    folder = DATA / "tiny-cards"
    lines = (folder / f"_annotations.{split}.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [{**row, "image": Image.open(folder / row["image"]).convert("RGB")} for row in found]


def inputs(processor, batch: list[dict], with_suffix: bool, with_eos: bool = True) -> dict[str, torch.Tensor]:
    """A batch of the processor; `with_eos` false hides the last label, which is <eos>."""
    texts = ["<image>" + row["prefix"] for row in batch]
    suffixes = [row["suffix"] for row in batch] if with_suffix else None
    made = dict(processor(images=[row["image"] for row in batch], text=texts, suffix=suffixes,
                          return_tensors="pt", padding="longest", padding_side="left"))  # fmt: skip
    if not with_suffix:
        made.pop("labels", None)
    elif not with_eos:
        made["labels"] = made["labels"].masked_fill(made["labels"] == EOS, -100)
    return made


def train(model, processor, with_eos: bool) -> None:
    """Three epochs in an order that the seed fixes."""
    data = rows("train")
    trainable = [value for value in model.parameters() if value.requires_grad]
    optimizer = torch.optim.AdamW(trainable, lr=RATE, weight_decay=0.0)
    steps = EPOCHS * len(data) // BATCH
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    generator = torch.Generator().manual_seed(0)
    model.train()
    for _ in range(EPOCHS):
        order = torch.randperm(len(data), generator=generator).tolist()
        for start in range(0, len(order), BATCH):
            batch = [data[i] for i in order[start : start + BATCH]]
            trace.run(model, inputs(processor, batch, True, with_eos)).loss.backward()
            torch.nn.utils.clip_grad_norm_(trainable, 1.0)
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
    model.eval()


def measure(model, processor) -> dict[str, float]:
    """Greedy answers on the test split."""
    data = rows("test")
    ended = written = length = 0
    for start in range(0, len(data), 8):
        batch = data[start : start + 8]
        made = inputs(processor, batch, False)
        answers = model.generate(**made, max_new_tokens=LIMIT, do_sample=False)[:, made["input_ids"].shape[1] :]
        for ids in answers.tolist():
            ended += EOS in ids
            length += sum(token != PAD for token in ids)
            text = processor.tokenizer.decode(ids, skip_special_tokens=True)
            written += len(re.findall(r"(?:<loc\d{4}>){4}", text))
    boxes = sum(len(re.findall(r"(?:<loc\d{4}>){4}", row["suffix"])) for row in data)
    return {"pictures": len(data), "ended": ended, "mean_tokens": length / len(data),
            "boxes_written": written, "boxes_there": boxes}  # fmt: skip


def main() -> None:
    """Both trainings."""
    parse_version(__doc__)
    torch.set_num_threads(2)
    processor = AutoProcessor.from_pretrained(DATA / "tiny-paligemma2")
    for with_eos in (True, False):
        model = load_folder(DATA / "tiny-paligemma2")
        for part in ("vision", "projector"):
            trace.parts(model)[part].requires_grad_(False)
        train(model, processor, with_eos)
        print("with <eos>" if with_eos else "without <eos>", json.dumps(measure(model, processor)), flush=True)


if __name__ == "__main__":
    main()
