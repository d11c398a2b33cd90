"""Writes the tiny checkpoints as Hugging Face folders: fixtures/models/{pg2-tiny,pg2-tiny-sharded,pg1-tiny}.

`pg2-tiny` and `pg1-tiny` are one file with the keys of transformers 4.47 (`language_model.model.*`);
`pg2-tiny-sharded` holds the same weights in two shards with the keys of the newest tree (`model.language_model.*`).
The weights come from torch's generator alone, so either environment writes the same bytes.

    python models/make_checkpoints.py --version period
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from safetensors.torch import save_file

from common import fixtures, tiny_models
from common.checkpoint_keys import since_4_52
from common.versions import parse_version


def write_config(folder: Path, name: str) -> None:
    """config.json and generation_config.json."""
    settings = tiny_models.config(name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
    ids = {key: settings[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id")}
    (folder / "generation_config.json").write_text(json.dumps(ids, indent=2) + "\n")


def write_single(name: str) -> None:
    """One model.safetensors in the 4.47 layout."""
    folder = fixtures.ROOT / "models" / name
    write_config(folder, name)
    save_file(tiny_models.weights(name), folder / "model.safetensors", metadata={"format": "pt"})


def write_sharded(name: str) -> None:
    """Two shards and an index in the layout of the newest tree."""
    folder = fixtures.ROOT / "models" / f"{name}-sharded"
    write_config(folder, name)
    weights = {since_4_52(key): value for key, value in tiny_models.weights(name).items()}
    keys = sorted(weights)
    halves = [keys[: len(keys) // 2], keys[len(keys) // 2 :]]
    placement = {}
    for number, half in enumerate(halves, start=1):
        file = f"model-{number:05}-of-{len(halves):05}.safetensors"
        save_file({key: weights[key] for key in half}, folder / file, metadata={"format": "pt"})
        placement |= {key: file for key in half}
    size = sum(value.numel() * value.element_size() for value in weights.values())
    index = {"metadata": {"total_size": size}, "weight_map": placement}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1) + "\n")


def main() -> None:
    """Writes the three folders."""
    version = parse_version(__doc__)
    for name, seed in tiny_models.SEEDS.items():
        write_single(name)
        fixtures.note("models", name, version, seed, "checkpoint, one file, language_model.model.* keys, bfloat16")
    write_sharded("pg2-tiny")
    case = "the weights of pg2-tiny in two shards, model.language_model.* keys"
    fixtures.note("models", "pg2-tiny-sharded", version, tiny_models.SEEDS["pg2-tiny"], case)


if __name__ == "__main__":
    main()
