"""Learning rates of transformers' schedules: fixtures/training/schedules-newest.json.

    python training/make_schedules.py --version newest

A list of {kind, peak, warmup_steps, total_steps, rates}: `rates` holds that of each update and of two beyond the end.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from transformers import get_scheduler

from common import fixtures
from common.versions import parse_version

KINDS = ["linear", "cosine", "constant", "constant_with_warmup"]
# (warm-up, updates); the last has a warm-up that never ends.
LENGTHS = [(2, 7), (0, 5), (3, 3), (1, 1), (5, 4)]
PEAK = 2e-3


def rates(kind: str, warmup: int, total: int) -> list[float]:
    """The rate of each update, from 0, and of two beyond the end."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)
    scheduler = get_scheduler(kind, optimizer, num_warmup_steps=warmup, num_training_steps=total)
    found = []
    for _ in range(total + 2):
        found.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    return found


def main() -> None:
    """Every kind at every length."""
    version = parse_version(__doc__)
    cases = [
        {"kind": kind, "peak": PEAK, "warmup_steps": warmup, "total_steps": total, "rates": rates(kind, warmup, total)}
        for kind in KINDS
        for warmup, total in LENGTHS
    ]
    fixtures.write_json("training", f"schedules-{version}", cases, version, 0, "learning rates of four schedules")


if __name__ == "__main__":
    main()
