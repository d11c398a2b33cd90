"""Writing fixtures: a safetensors file and its line in the part's manifest."""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from common.versions import program

ROOT = Path(__file__).resolve().parents[1] / "fixtures"


def command() -> str:
    """The command line as one types it in Tests/Reference."""
    script = Path(sys.argv[0]).resolve().relative_to(ROOT.parent)
    return " ".join(["python", str(script), *sys.argv[1:]])


def write(part: str, name: str, tensors: dict[str, torch.Tensor], version: str, seed: int, case: str) -> None:
    """Writes fixtures/PART/NAME.safetensors and notes it in fixtures/PART/manifest.json."""
    path = ROOT / part / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {key: value.detach().contiguous().clone() for key, value in tensors.items()}
    save_file(plain, path)
    note(part, path.name, version, seed, case)


def write_json(part: str, name: str, content: object, version: str, seed: int, case: str) -> None:
    """Writes fixtures/PART/NAME.json and notes it in the manifest."""
    path = ROOT / part / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(readable(content))
    note(part, path.name, version, seed, case)


def readable(content: object) -> str:
    """JSON with one line for each entry of a list; an object is indented."""
    if isinstance(content, list):
        lines = [json.dumps(entry, ensure_ascii=False) for entry in content]
        return "[\n" + ",\n".join(lines) + "\n]\n"
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def note(part: str, file: str, version: str, seed: int, case: str) -> None:
    """Adds or replaces one file's entry in fixtures/PART/manifest.json."""
    path = ROOT / part / "manifest.json"
    entries = json.loads(path.read_text()) if path.exists() else {}
    entries[file] = {
        "case": case,
        "program": version,
        "versions": program(version),
        "seed": seed,
        "command": command(),
    }
    path.write_text(json.dumps(dict(sorted(entries.items())), indent=1) + "\n")
