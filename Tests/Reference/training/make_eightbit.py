"""bitsandbytes' AdamW with 8-bit moments, CPU build: fixtures/training/eightbit-period.safetensors.

    python training/make_eightbit.py --version period

bitsandbytes 0.50.2. Two weights, `large` [70, 61] and `small` [100], six updates with learning rate 1e-2, betas 0.9 and
0.999, epsilon 1e-8, weight decay 0.1. `NAME/before`, `NAME/gradient/STEP`, `NAME/after/STEP`; after the last update
`NAME/state1`, `NAME/state2` and, of `large`, `absmax1`, `absmax2`. `qmap1` and `qmap2` are the codes' values.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import bitsandbytes
import torch

from common import fixtures
from common.versions import parse_version

SEED = 61
STEPS = 6


def main() -> None:
    """Six updates."""
    version = parse_version(__doc__)
    torch.manual_seed(SEED)
    weights = {"large": torch.nn.Parameter(torch.randn(70, 61)), "small": torch.nn.Parameter(torch.randn(100))}
    optimizer = bitsandbytes.optim.AdamW(
        weights.values(), lr=1e-2, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.1, optim_bits=8
    )
    tensors = {f"{name}/before": weight.detach().clone() for name, weight in weights.items()}
    for step in range(1, STEPS + 1):
        for name, weight in weights.items():
            # Sizes differ by block, as they do in a model.
            weight.grad = torch.randn_like(weight) * torch.logspace(-4, 0, weight.numel()).reshape(weight.shape)
            tensors[f"{name}/gradient/{step}"] = weight.grad.clone()
        optimizer.step()
        tensors |= {f"{name}/after/{step}": weight.detach().clone() for name, weight in weights.items()}
    for name, weight in weights.items():
        state = optimizer.state[weight]
        kept = ("state1", "state2", "absmax1", "absmax2")
        tensors |= {f"{name}/{key}": state[key].clone() for key in kept if key in state}
        tensors |= {key: state[key].clone() for key in ("qmap1", "qmap2") if key in state}
    fixtures.write("training", f"eightbit-{version}", tensors, version, SEED, "bitsandbytes 0.50.2, AdamW in 8 bits")


if __name__ == "__main__":
    main()
