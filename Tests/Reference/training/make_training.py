"""Short runs of the real transformers.Trainer on pg2-tiny: fixtures/training/CASE-VERSION.{json,safetensors}.

    python training/make_training.py --version newest

`data.safetensors` holds the ten examples: `input_ids`, `token_type_ids` [10, T] filled on the right up to the longest,
`lengths` [10], `pixel_values`. The order is sequential; a batch is padded on the left with 0 up to its longest example
(token type 0, attention 0, label -100). The vision tower and projector are frozen, except where an adapter is trained.

Each .json has the TrainingArguments that matter, `max_steps`, `log` (what Trainer logged after each update: `loss`,
`learning_rate`, `grad_norm`), `micro_losses` (what training_step returned for each micro-batch, unrounded: period the
batch's mean divided by the accumulation; newest the batch's sum divided by the labels of the whole group) and
`without_decay` (trainable keys in the optimizer group without weight decay). Each .safetensors has `after/KEY` of KEPT
tensors under 4.47 keys; before the run they are those of fixtures/models/pg2-tiny. `lora` and `adafactor-lora` have every
adapter tensor, as `before/KEY` and `after/KEY`.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from peft import LoraConfig
from torch.utils.data import SequentialSampler
from transformers import Trainer, TrainingArguments

from common import adapters, batches, fixtures, tiny_models, trace
from common.checkpoint_keys import stored
from common.loading import load
from common.versions import parse_version

SEED = 40
# Prefix and suffix lengths of the ten examples; label counts differ inside each group of four.
LENGTHS = [(5, 2), (3, 9), (6, 4), (2, 1), (4, 12), (7, 3), (3, 5), (5, 8), (2, 2), (6, 7)]
KEPT = ("embed_tokens", "layers.0.", "layers.3.", "language_model.model.norm")

NOTEBOOK = {"learning_rate": 2e-3, "warmup_steps": 2, "adam_beta2": 0.999, "max_grad_norm": 1.0}
PAIRS = {**NOTEBOOK, "per_device_train_batch_size": 2, "gradient_accumulation_steps": 1, "num_train_epochs": 1}
GROUPS = {**NOTEBOOK, "per_device_train_batch_size": 1, "gradient_accumulation_steps": 4, "num_train_epochs": 2}
BFLOAT16 = {**PAIRS, "learning_rate": 2e-4, "max_steps": 3}

# case: (arguments, dtype, adapter, releases)
CASES = {
    "torch-pairs": ({**PAIRS, "optim": "adamw_torch", "weight_decay": 0.1}, "float32", False, "both"),
    "torch-groups": ({**GROUPS, "optim": "adamw_torch", "weight_decay": 1e-6}, "float32", False, "both"),
    "hf-pairs": ({**PAIRS, "optim": "adamw_hf", "weight_decay": 0.1}, "float32", False, "period"),
    "hf-groups": ({**GROUPS, "optim": "adamw_hf", "weight_decay": 1e-6}, "float32", False, "period"),
    "lora": ({**GROUPS, "optim": "adamw_torch", "weight_decay": 0.1}, "float32", True, "both"),
    "sgd": ({**PAIRS, "optim": "sgd", "learning_rate": 5e-2, "weight_decay": 0.1}, "float32", False, "period"),
    "adafactor": ({**GROUPS, "optim": "adafactor", "weight_decay": 0.1}, "float32", False, "period"),
    "adafactor-lora": ({**PAIRS, "optim": "adafactor", "weight_decay": 0.1}, "float32", True, "period"),
    "ratio": ({**PAIRS, "optim": "adamw_torch", "weight_decay": 1e-6, "warmup_steps": 0, "warmup_ratio": 0.3},
              "float32", False, "period"),
    "bfloat16-torch": ({**BFLOAT16, "optim": "adamw_torch", "weight_decay": 1e-6}, "bfloat16", False, "both"),
    "bfloat16-hf": ({**BFLOAT16, "optim": "adamw_hf", "weight_decay": 1e-6}, "bfloat16", False, "period"),
}


def examples() -> list[dict[str, torch.Tensor]]:
    """The ten examples, one batch of one each."""
    settings = tiny_models.config("pg2-tiny")
    made = [batches.make(settings, [lengths], "left", SEED + i, True) for i, lengths in enumerate(LENGTHS)]
    return [{key: value[0] for key, value in batch.items()} for batch in made]


def pad_left(rows: list[torch.Tensor], value: int) -> torch.Tensor:
    """A matrix of rows filled on the left."""
    width = max(len(row) for row in rows)
    return torch.stack([torch.nn.functional.pad(row, (width - len(row), 0), value=value) for row in rows])


def collate(rows: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """A batch padded on the left."""
    filling = {"input_ids": tiny_models.PAD, "attention_mask": 0, "token_type_ids": 0, "labels": -100}
    batch = {key: pad_left([row[key] for row in rows], value) for key, value in filling.items()}
    return {**batch, "pixel_values": torch.stack([row["pixel_values"] for row in rows])}


class RecordingTrainer(Trainer):
    """Trainer that goes through the data in order and keeps each micro-batch's loss."""

    def __init__(self, **keywords):
        super().__init__(**keywords)
        self.micro_losses: list[float] = []

    def _get_train_sampler(self, *_arguments):
        return SequentialSampler(self.train_dataset)

    def training_step(self, *arguments, **keywords):
        """Trainer's step, its loss recorded."""
        loss = super().training_step(*arguments, **keywords)
        self.micro_losses.append(loss.item())
        return loss


def build(dtype: str, adapter: bool):
    """The model of a case, ready to train."""
    model = load("pg2-tiny", getattr(torch, dtype))
    if adapter:
        config = LoraConfig(r=4, lora_alpha=8, target_modules=adapters.SUFFIXES, task_type="CAUSAL_LM")
        return adapters.attach(model, config, SEED, size=0.2)
    for part in ("vision", "projector"):
        trace.parts(model)[part].requires_grad_(False)
    return model


def key_of(name: str) -> str:
    """The 4.47 key of a parameter or adapter tensor."""
    if name.startswith(adapters.WRAPPER):
        return adapters.stored_adapter(name.replace(".default", ""))
    return stored(name)


def weights(model, adapter: bool) -> dict[str, torch.Tensor]:
    """The tensors to keep: the adapter, or KEPT of the language model."""
    found = {key_of(name): value for name, value in model.named_parameters() if value.requires_grad}
    chosen = {key: value for key, value in found.items() if adapter or any(part in key for part in KEPT)}
    return {key: value.detach().clone() for key, value in chosen.items()}


def without_decay(trainer: Trainer) -> list[str]:
    """Keys of the parameters in groups whose weight decay is 0."""
    exempt = {id(p) for group in trainer.optimizer.param_groups if group["weight_decay"] == 0 for p in group["params"]}
    return sorted(key_of(name) for name, value in trainer.model.named_parameters() if id(value) in exempt)


def make(case: str, version: str) -> None:
    """Runs one case and writes its two files."""
    arguments, dtype, adapter, _ = CASES[case]
    model = build(dtype, adapter)
    before = weights(model, adapter)
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            output_dir=folder, logging_steps=1, save_strategy="no", report_to="none", use_cpu=True,
            remove_unused_columns=False, disable_tqdm=True, seed=SEED, **arguments,
        )  # fmt: skip
        trainer = RecordingTrainer(model=model, args=settings, train_dataset=examples(), data_collator=collate)
        trainer.train()
    after = weights(model, adapter)
    kept = ("step", "loss", "learning_rate", "grad_norm")
    log = [{key: entry[key] for key in kept} for entry in trainer.state.log_history if "loss" in entry]
    record = {
        "arguments": arguments,
        "dtype": dtype,
        "max_steps": trainer.state.max_steps,
        "log": log,
        "micro_losses": trainer.micro_losses,
        "without_decay": without_decay(trainer),
    }
    tensors = {f"after/{key}": value for key, value in after.items()}
    if adapter:
        tensors |= {f"before/{key}": value for key, value in before.items()}
    name = f"{case}-{version}"
    fixtures.write_json("training", name, record, version, SEED, f"Trainer's log, {dtype}")
    fixtures.write("training", name, tensors, version, SEED, "weights after the run")
    print(name, trainer.state.max_steps, log[-1])


def write_data(version: str) -> None:
    """The ten examples in one file."""
    rows = examples()
    width = max(len(row["input_ids"]) for row in rows)

    def fill(key: str) -> torch.Tensor:
        return torch.stack([torch.nn.functional.pad(row[key], (0, width - len(row[key]))) for row in rows])

    tensors = {
        "input_ids": fill("input_ids"),
        "token_type_ids": fill("token_type_ids"),
        "lengths": torch.tensor([len(row["input_ids"]) for row in rows]),
        "pixel_values": torch.stack([row["pixel_values"] for row in rows]),
    }
    fixtures.write("training", "data", tensors, version, SEED, "the ten examples of every case, in order")


def main() -> None:
    """The data and every case that the release knows."""
    version = parse_version(__doc__)
    write_data(version)
    for case, (_, _, _, releases) in CASES.items():
        if releases in ("both", version):
            make(case, version)


if __name__ == "__main__":
    main()
