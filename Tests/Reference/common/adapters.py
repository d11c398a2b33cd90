"""LoRA adapters on the tiny models through peft, with weights that do not depend on the release."""

import torch
from peft import LoraConfig, PeftModel, get_peft_model

from common.checkpoint_keys import stored

SUFFIXES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
WRAPPER = "base_model.model."


def attach(model, config: LoraConfig, seed: int, size: float = 1.0) -> PeftModel:
    """Adds the adapter and fills A and B, both non-zero, from `seed` in the order of the 4.47 names; `size` scales
    their standard deviation."""
    wrapped = get_peft_model(model, config)
    generator = torch.Generator().manual_seed(seed)
    found = {stored_adapter(key): value for key, value in trainable(wrapped).items()}
    with torch.no_grad():
        for key in sorted(found):
            value = found[key]
            if "lora_A" in key or "lora_B" in key:
                value.copy_(torch.randn(value.shape, generator=generator) * value.shape[1] ** -0.5 * size)
            else:  # magnitudes and whole modules move a little from where they start
                value.mul_(1 + 0.1 * torch.randn(value.shape, generator=generator))
    return wrapped


def trainable(model) -> dict[str, torch.nn.Parameter]:
    """Trainable parameters under the keys of adapter_model.safetensors."""
    named = {stored_name(key): value for key, value in model.named_parameters() if value.requires_grad}
    return dict(sorted(named.items()))


def stored_name(key: str) -> str:
    """A parameter's key in adapter_model.safetensors."""
    key = key.replace(".modules_to_save", "").replace(".default", "")
    return key.removesuffix(".weight") if ".lora_magnitude_vector" in key else key


def stored_adapter(key: str) -> str:
    """The key that peft writes on top of transformers 4.47 for a key of either release."""
    return WRAPPER + stored(key.removeprefix(WRAPPER))
