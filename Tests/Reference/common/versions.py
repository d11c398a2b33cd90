"""The two reference programs, and how a script is tied to one of them."""

import argparse
import os
import importlib.metadata
import sys

import torch

PINNED = {
    "period": {"torch": "2.5.1", "transformers": "4.47.0", "peft": "0.14.0", "accelerate": "1.2.1"},
    "newest": {"torch": "2.15.0", "transformers": "5.23.0", "peft": "0.21.2", "accelerate": "1.15.0"},
}


def installed(package: str) -> str:
    """The installed version without a build tag such as `+cu124`."""
    return importlib.metadata.version(package).split("+")[0]


def program(version: str) -> dict[str, str]:
    """The versions behind `version`; exits where the environment holds others."""
    pins = PINNED[version]
    wrong = {name: installed(name) for name in pins if installed(name) != pins[name]}
    if wrong:
        sys.exit(f"--version {version} needs {pins}, but this environment has {wrong}")
    return pins


def parse_version(description: str) -> str:
    """Reads `--version`, checks the environment and makes torch deterministic."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--version", choices=PINNED, required=True)
    version = parser.parse_args().version
    program(version)
    make_deterministic()
    return version


def make_deterministic() -> None:
    """One thread, full float32 products, deterministic kernels."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    torch.set_num_threads(1)
    torch.set_float32_matmul_precision("highest")
    torch.use_deterministic_algorithms(True)
