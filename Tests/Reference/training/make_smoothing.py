"""transformers' LabelSmoother and length-grouped orders: fixtures/training/smoothing-period.json, grouping-period.json.

    python training/make_smoothing.py --version period

smoothing: `logits` [B, T, V], `labels` [B, T] with -100 where nothing is learned, `factor`, the `loss` (labels shifted by
one, as a language model's are) and its `gradient` for the logits. grouping: `shuffled` is what torch.randperm gave,
`lengths` of the examples, `batch_size`, and the `order` that get_length_grouped_indices made of it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from transformers import trainer_pt_utils

from common import fixtures
from common.versions import parse_version

SEED = 51


def smoothing(factor: float) -> dict:
    """One loss with its gradient."""
    torch.manual_seed(SEED)
    logits = (3 * torch.randn(2, 5, 11)).requires_grad_()
    labels = torch.tensor([[-100, -100, 3, 10, 1], [-100, 0, 7, 7, -100]])
    loss = trainer_pt_utils.LabelSmoother(epsilon=factor)({"logits": logits}, labels, shift_labels=True)
    loss.backward()
    return {
        "factor": factor,
        "logits": logits.flatten().tolist(),
        "labels": labels.tolist(),
        "loss": loss.item(),
        "gradient": logits.grad.flatten().tolist(),
    }


def grouping(count: int, batch_size: int) -> dict:
    """One order, with the permutation that it was made of."""
    generator = torch.Generator().manual_seed(SEED + count)
    lengths = torch.randint(5, 30, (count,), generator=generator).tolist()
    state = generator.get_state()
    shuffled = torch.randperm(count, generator=generator).tolist()
    generator.set_state(state)
    order = trainer_pt_utils.get_length_grouped_indices(lengths, batch_size, generator=generator)
    return {"batch_size": batch_size, "lengths": lengths, "shuffled": shuffled, "order": order}


def main() -> None:
    """Both files."""
    version = parse_version(__doc__)
    cases = [smoothing(factor) for factor in (0.0, 0.1, 0.5)]
    fixtures.write_json("training", f"smoothing-{version}", cases, version, SEED, "LabelSmoother on random logits")
    orders = [grouping(*sizes) for sizes in ((1, 1), (7, 3), (50, 2), (240, 1), (33, 4))]
    fixtures.write_json("training", f"grouping-{version}", orders, version, SEED, "orders grouped by length")


if __name__ == "__main__":
    main()
