"""Forward passes and gradients of the tiny models: fixtures/models/MODEL-VERSION-CASE.safetensors.

    python models/make_models.py --version period
    python models/make_models.py --version newest

Cases, all float32 with eager attention unless the name says otherwise:
  single        one example, no padding, with every intermediate
  left, right   three examples of unequal lengths, padded on that side
  prompt        one example without a suffix and labels
  prompt-left   three prompts of unequal lengths, padded left
  uncapped      `single` without the final soft-cap (--final-softcap off)
  bfloat16      `left` with weights and activations in bfloat16
  gradients     of the loss of `left`, all parameters trainable (those of the language model are the same with the
                vision tower and projector frozen: checked here, to the bit); pg1-tiny for newest only

MODEL-VERSION-config.json is config.json as that release writes it: period leaves defaults out, newest writes
`rope_parameters`, `layer_types` and `dtype`.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from transformers import AutoConfig

from common import batches, fixtures, tiny_models, trace
from common.checkpoint_keys import stored
from common.loading import load
from common.versions import parse_version

BATCH_SEED = 7
CASES = {
    "left": (batches.THREE, "left", True, "three unequal examples, padded left"),
    "right": (batches.THREE, "right", True, "three unequal examples, padded right"),
    "prompt": (batches.SINGLE, "left", False, "one prompt without labels"),
    "prompt-left": (batches.THREE, "left", False, "three unequal prompts, padded left, without labels"),
}


def batch_for(name: str, lengths, side: str, labels: bool) -> dict[str, torch.Tensor]:
    """The batch of a case; the same in both releases."""
    return batches.make(tiny_models.config(name), lengths, side, BATCH_SEED, labels)


def make_single(name: str, version: str) -> None:
    """One example with every intermediate."""
    model = load(name)
    batch = batch_for(name, batches.SINGLE, "left", True)
    recorder = trace.Recorder(model)
    with torch.no_grad():
        result = trace.run(model, batch)
    tensors = {**batch, **recorder.stop(), **trace.outputs(result)}
    fixtures.write("models", f"{name}-{version}-single", tensors, version, BATCH_SEED, "one example, intermediates")


def make_forward(name: str, version: str, case: str) -> None:
    """Inputs, logits and loss of one of CASES."""
    lengths, side, labels, meaning = CASES[case]
    batch = batch_for(name, lengths, side, labels)
    with torch.no_grad():
        result = trace.run(load(name), batch)
    tensors = {**batch, **trace.outputs(result)}
    fixtures.write("models", f"{name}-{version}-{case}", tensors, version, BATCH_SEED, meaning)


def make_uncapped(name: str, version: str) -> None:
    """`single` with final_logit_softcapping removed from the configuration."""
    batch = batch_for(name, batches.SINGLE, "left", True)
    with torch.no_grad():
        result = trace.run(load(name, final_logit_softcapping=None), batch)
    tensors = {**batch, **trace.outputs(result)}
    case = "`single` with the final soft-cap removed"
    fixtures.write("models", f"{name}-{version}-uncapped", tensors, version, BATCH_SEED, case)


def make_bfloat16(name: str, version: str) -> None:
    """`left` computed in bfloat16; outputs are stored as the program returns them."""
    batch = batch_for(name, batches.THREE, "left", True)
    with torch.no_grad():
        result = trace.run(load(name, torch.bfloat16), batch)
    tensors = {**batch, **trace.outputs(result)}
    fixtures.write("models", f"{name}-{version}-bfloat16", tensors, version, BATCH_SEED, "`left` in bfloat16")


def gradients(model, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The gradient of the loss for each trainable parameter, under checkpoint keys."""
    result = trace.run(model, batch)
    result.loss.backward()
    found = {stored(key): value.grad for key, value in model.named_parameters() if value.grad is not None}
    return {"loss": result.loss, **{f"grad/{key}": value for key, value in found.items()}}


def make_gradients(name: str, version: str) -> None:
    """Gradients of everything, after showing that freezing the vision tower and projector changes none of the rest."""
    batch = batch_for(name, batches.THREE, "left", True)
    everything = gradients(load(name), batch)
    frozen_model = load(name)
    for part in ("vision", "projector"):
        trace.parts(frozen_model)[part].requires_grad_(False)
    frozen = gradients(frozen_model, batch)
    changed = [key for key, value in frozen.items() if not torch.equal(value, everything[key])]
    if changed:
        raise ValueError(f"{name}: freezing changed {changed}")
    tensors = {**batch, **everything}
    fixtures.write("models", f"{name}-{version}-gradients", tensors, version, BATCH_SEED, "gradients of `left`")


def make_config(name: str, version: str) -> None:
    """The configuration as the release saves it, without the path it was read from."""
    with tempfile.TemporaryDirectory() as folder:
        AutoConfig.from_pretrained(fixtures.ROOT / "models" / name).save_pretrained(folder)
        content = json.loads((Path(folder) / "config.json").read_text())
    content.pop("_name_or_path", None)
    fixtures.write_json("models", f"{name}-{version}-config", content, version, tiny_models.SEEDS[name], "config.json")


def main() -> None:
    """Every case of both models."""
    version = parse_version(__doc__)
    for name in tiny_models.SEEDS:
        make_config(name, version)
        make_single(name, version)
        for case in CASES:
            make_forward(name, version, case)
        make_bfloat16(name, version)
    make_uncapped("pg2-tiny", version)
    make_gradients("pg2-tiny", version)
    if version == "newest":
        make_gradients("pg1-tiny", version)


if __name__ == "__main__":
    main()
