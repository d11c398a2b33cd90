"""Loading a checkpoint into the reference program, strictly."""

from pathlib import Path

import torch
from transformers import PaliGemmaForConditionalGeneration

from common import fixtures


def load(name: str, dtype: torch.dtype = torch.float32, **overrides) -> PaliGemmaForConditionalGeneration:
    """The tiny model `name` with eager attention, in evaluation mode; `overrides` change its text configuration."""
    model = load_folder(fixtures.ROOT / "models" / name, dtype)
    for key, value in overrides.items():
        setattr(model.config.text_config, key, value)
    return model


def load_folder(folder: Path, dtype: torch.dtype = torch.float32) -> PaliGemmaForConditionalGeneration:
    """A checkpoint folder; raises where a key is missing, unexpected or of another shape."""
    model, report = PaliGemmaForConditionalGeneration.from_pretrained(
        folder, torch_dtype=dtype, attn_implementation="eager", output_loading_info=True
    )
    problems = {kind: keys for kind, keys in report.items() if keys}
    if problems:
        raise ValueError(f"{folder}: {problems}")
    return model.eval()
