"""Loading a checkpoint into the reference program, strictly."""

from pathlib import Path

import torch
from transformers import AutoConfig, PaliGemmaForConditionalGeneration

from common import fixtures


def load(name: str, dtype: torch.dtype = torch.float32, **overrides) -> PaliGemmaForConditionalGeneration:
    """The tiny model `name`; `overrides` replace values of its text configuration."""
    return load_folder(fixtures.ROOT / "models" / name, dtype, **overrides)


def load_folder(folder: Path, dtype: torch.dtype = torch.float32, **overrides) -> PaliGemmaForConditionalGeneration:
    """A checkpoint folder with eager attention in evaluation mode; raises where a key is missing, unexpected or of
    another shape."""
    settings = AutoConfig.from_pretrained(folder)
    for key, value in overrides.items():
        setattr(settings.text_config, key, value)
    model, report = PaliGemmaForConditionalGeneration.from_pretrained(
        folder, config=settings, torch_dtype=dtype, attn_implementation="eager", output_loading_info=True
    )
    problems = {kind: keys for kind, keys in report.items() if keys}
    if problems:
        raise ValueError(f"{folder}: {problems}")
    return model.eval()
