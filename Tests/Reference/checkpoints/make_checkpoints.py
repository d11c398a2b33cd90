"""Make the safetensors fixtures: every type, odd names, shards.

Made with safetensors 0.8.0, torch 2.5.1, huggingface_hub as pinned in Tests/Reference/README.md, seed 0:
    python Tests/Reference/checkpoints/make_checkpoints.py Tests/Reference/fixtures/checkpoints
"""

import json
import sys
from pathlib import Path

import torch
from huggingface_hub import save_torch_state_dict
from safetensors.torch import save_file


def tensors():
    generator = torch.Generator().manual_seed(0)
    odd = torch.randn(3, 5, generator=generator)
    special = torch.tensor([0.0, -0.0, float("inf"), float("-inf"), 1e-40, 65504.0, 1 / 3])
    return {
        "layer.weight": odd,
        "layer.bias": special,
        "half": special.half(),
        "brain": special.bfloat16(),
        "scalar": torch.tensor(2.5),
        "nothing": torch.zeros(0, 4),
        "long": torch.tensor([[-(2**63), 2**63 - 1], [0, -1]]),
        "int": torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
        "byte": torch.tensor([0, 1, 255], dtype=torch.uint8),
        "flag": torch.tensor([True, False, True]),
        "wei\"rd \\ \u00e9\n\u9ed1": torch.ones(1),
    }


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors(), folder / "types.safetensors", metadata={"format": "pt"})
    foreign = {"double": torch.ones(2, dtype=torch.float64), "known": torch.ones(2)}
    save_file(foreign, folder / "foreign.safetensors")
    generator = torch.Generator().manual_seed(0)
    state = {f"model.layers.{i}.weight": torch.randn(4, 8, generator=generator) for i in range(5)}
    state["big"] = torch.randn(100, generator=generator)
    (folder / "sharded").mkdir(exist_ok=True)
    save_torch_state_dict(state, folder / "sharded", max_shard_size=300)
    values = {name: tensor.double().flatten().tolist() for name, tensor in tensors().items()}
    text = json.dumps(values, indent=1).replace("-Infinity", '"-inf"').replace("Infinity", '"inf"')
    (folder / "types.json").write_text(text + "\n")


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    main(Path(sys.argv[1]))
