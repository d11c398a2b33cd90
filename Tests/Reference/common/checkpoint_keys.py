"""Checkpoint keys in the two layouts that files carry.

`language_model.model.*` is what transformers 4.47 writes and what Palinote's fixtures use for names;
`model.language_model.*` is the tree in memory since 4.52.
"""


def stored(name: str) -> str:
    """The 4.47 checkpoint key of a parameter in either release's tree."""
    if name.startswith("language_model."):
        return name
    if name == "lm_head.weight":
        return "language_model.lm_head.weight"
    name = name.removeprefix("model.")
    if name.startswith("language_model."):
        return "language_model.model." + name.removeprefix("language_model.")
    if name.startswith("vision_tower.") and not name.startswith("vision_tower.vision_model."):
        return "vision_tower.vision_model." + name.removeprefix("vision_tower.")
    return name


def since_4_52(key: str) -> str:
    """The key of the `model.language_model.*` layout for a 4.47 key."""
    if key.startswith("language_model.model."):
        return "model.language_model." + key.removeprefix("language_model.model.")
    return "model." + key
