"""Batches of ids and pixels for the tiny models, without a tokenizer."""

import torch

from common.tiny_models import BOS, EOS, IMAGE, NEWLINE, PAD

# (prefix tokens, suffix tokens without <eos>) of each example.
SINGLE = [(5, 4)]
THREE = [(5, 6), (2, 4), (8, 9)]


def make(settings: dict, lengths: list[tuple[int, int]], side: str, seed: int, labels: bool) -> dict[str, torch.Tensor]:
    """A batch as the processor would return it; without labels the suffix is left out."""
    generator = torch.Generator().manual_seed(seed)
    rows = [example(settings, prefix, suffix, generator, labels) for prefix, suffix in lengths]
    width = max(len(ids) for ids, _ in rows)
    batch = {
        "input_ids": torch.tensor([pad(ids, width, PAD, side) for ids, _ in rows]),
        "attention_mask": torch.tensor([pad([1] * len(ids), width, 0, side) for ids, _ in rows]),
        "token_type_ids": torch.tensor([pad(types, width, 0, side) for _, types in rows]),
    }
    if labels:
        batch["labels"] = batch["input_ids"].masked_fill(batch["token_type_ids"] == 0, -100)
    pixels = settings["vision_config"]["image_size"]
    batch["pixel_values"] = torch.rand((len(rows), 3, pixels, pixels), generator=generator) * 2 - 1
    return batch


def example(settings: dict, prefix: int, suffix: int, generator: torch.Generator, labels: bool):
    """Ids and token types: <image> x N, <bos>, prefix, newline, suffix, <eos>."""
    images = settings["vision_config"]["num_image_tokens"]
    words = torch.randint(4, IMAGE, (prefix + suffix,), generator=generator).tolist()
    ids = [IMAGE] * images + [BOS] + words[:prefix] + [NEWLINE]
    types = [0] * len(ids)
    if labels:
        answer = words[prefix:] + [EOS]
        ids, types = ids + answer, types + [1] * len(answer)
    return ids, types


def pad(row: list[int], width: int, value: int, side: str) -> list[int]:
    """Fills `row` up to `width` on the given side."""
    filling = [value] * (width - len(row))
    return filling + row if side == "left" else row + filling
