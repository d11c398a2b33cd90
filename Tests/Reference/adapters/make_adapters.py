"""Adapters saved by peft on pg2-tiny, with what the adapted model answers.

    python adapters/make_adapters.py --version period
    python adapters/make_adapters.py --version newest

Folders fixtures/adapters/{lora,rslora,dora}-VERSION as peft writes them (without its README.md); the same numbers in both
releases, under the keys of each. Beside each folder a .safetensors with the batch, `logits`, `loss` and `grad/KEY`
with the keys of the adapter file (evaluation mode: no dropout).
  lora    r 4, alpha 10, all seven suffixes; the rule also reaches q, k and v of the vision tower
  dora    r 4, alpha 6, weight-decomposed, four suffixes of both towers; and the projector as a module to save;
          `merged/KEY` holds three weights after peft's merge
  rslora  r 3, alpha 6, rank-stabilized (scale 6 / sqrt 3), q_proj and v_proj of the language model by a pattern
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from peft import LoraConfig

from common import adapters, batches, fixtures, tiny_models, trace
from common.checkpoint_keys import stored
from common.loading import load
from common.versions import parse_version

SEED = 30
BASE = "../../models/pg2-tiny"
CONFIGS = {
    "lora": {"r": 4, "lora_alpha": 10, "lora_dropout": 0.05, "target_modules": adapters.SUFFIXES},
    "dora": {
        "r": 4,
        "lora_alpha": 6,
        "use_dora": True,
        "target_modules": ["q_proj", "v_proj", "o_proj", "down_proj"],
        "modules_to_save": ["multi_modal_projector"],
    },
    "rslora": {
        "r": 3,
        "lora_alpha": 6,
        "use_rslora": True,
        "target_modules": r".*language_model.*\.(q_proj|v_proj)",
    },
}


def make(name: str, version: str) -> None:
    """One adapter folder and its outputs."""
    model = adapters.attach(load("pg2-tiny"), LoraConfig(task_type="CAUSAL_LM", **CONFIGS[name]), SEED).eval()
    batch = batches.make(tiny_models.config("pg2-tiny"), batches.THREE, "left", 7, True)
    result = trace.run(model, batch)
    result.loss.backward()
    gradients = {f"grad/{key}": value.grad for key, value in adapters.trainable(model).items()}
    tensors = {**batch, **trace.outputs(result), **gradients}
    case = f"{name} on pg2-tiny, three examples padded left, with gradients"
    fixtures.write("adapters", f"{name}-{version}", tensors, version, SEED, case)
    save(model, f"{name}-{version}", version)
    if name == "dora":
        tensors |= merged(model)
        fixtures.write("adapters", f"{name}-{version}", tensors, version, SEED, case)


def merged(model) -> dict[str, torch.Tensor]:
    """Some weights after peft's merge, under the keys of 4.47."""
    found = {stored(key): value for key, value in model.merge_and_unload().state_dict().items()}
    names = [
        "language_model.model.layers.1.self_attn.q_proj.weight",
        "vision_tower.vision_model.encoder.layers.0.self_attn.v_proj.weight",
        "multi_modal_projector.linear.weight",
    ]
    return {f"merged/{name}": found[name] for name in names}


def save(model, folder_name: str, version: str) -> None:
    """The folder as peft writes it, with a base path that holds on any machine."""
    folder = fixtures.ROOT / "adapters" / folder_name
    model.peft_config["default"].base_model_name_or_path = BASE
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    fixtures.note("adapters", folder_name, version, SEED, "folder written by peft")


def main() -> None:
    """Both adapters."""
    version = parse_version(__doc__)
    for name in CONFIGS:
        make(name, version)


if __name__ == "__main__":
    main()
