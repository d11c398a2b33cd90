"""Loads a model folder written by Palinote in transformers, and fails on any warning or missing or unexpected key.

    python models/check_checkpoint.py --version newest --checkpoint DIR [--expected FILE.safetensors]

With FILE (a batch and `logits` in float32) it also compares logits, to 1e-4 of their range.
"""

import argparse
import logging
import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from safetensors.torch import load_file

from common import trace
from common.loading import load_folder
from common.versions import PINNED, make_deterministic, program

TOLERANCE = 1e-4


class Collector(logging.Handler):
    """Keeps what transformers logs at the level of a warning or above."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps one line."""
        self.lines.append(record.getMessage())


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", choices=PINNED, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--expected", type=Path)
    return parser.parse_args()


def logits_differ(model, file: Path) -> bool:
    """Prints how far the loaded model's logits are from those stored."""
    stored = load_file(file)
    batch = {key: stored[key] for key in (*trace.INPUTS, "labels") if key in stored}
    real = batch["attention_mask"].bool()
    with torch.no_grad():
        found = trace.run(model, batch).logits[real]
    expected = stored["logits"].float()[real]
    difference = (found - expected).abs().max().item()
    extent = (expected.max() - expected.min()).item()
    print(f"max difference {difference:.3g} of range {extent:.3g}")
    return difference > TOLERANCE * extent


def main() -> None:
    """Loads, compares, reports."""
    options = arguments()
    program(options.version)
    make_deterministic()
    collector = Collector()
    logging.getLogger("transformers").addHandler(collector)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        model = load_folder(options.checkpoint)
    problems = collector.lines + [str(entry.message) for entry in caught if entry.category is UserWarning]
    print(f"{sum(1 for _ in model.parameters())} parameters loaded, {len(problems)} warnings")
    if options.expected and logits_differ(model, options.expected):
        problems.append("logits differ")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
