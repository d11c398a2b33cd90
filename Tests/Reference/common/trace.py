"""The intermediates of one forward pass, under the names of `palinote model trace`."""

import torch

INPUTS = ("input_ids", "attention_mask", "token_type_ids", "pixel_values")


def parts(model) -> dict[str, torch.nn.Module]:
    """The vision tower, projector and text model, wherever this release keeps them."""
    tree = getattr(model, "model", model)
    text = tree.language_model
    return {
        "vision": getattr(tree.vision_tower, "vision_model", tree.vision_tower),
        "projector": tree.multi_modal_projector,
        "text": getattr(text, "model", text),
    }


class Recorder:
    """Keeps the outputs of the modules that a trace names, by forward hooks."""

    def __init__(self, model):
        self.tensors: dict[str, torch.Tensor] = {}
        self.hooks = []
        found = parts(model)
        vision, text = found["vision"], found["text"]
        self.keep(vision.embeddings, "vision_hidden_0")
        for number, layer in enumerate(vision.encoder.layers, start=1):
            self.keep(layer, f"vision_hidden_{number}")
        self.keep(vision.post_layernorm, "vision_last_hidden")
        self.keep(found["projector"], "projector_out")
        for number, layer in enumerate(text.layers):
            self.keep_input(layer, f"hidden_{number}")
        self.keep(text.norm, f"hidden_{len(text.layers)}")

    def keep(self, module: torch.nn.Module, name: str) -> None:
        """Records what `module` returns."""

        def hook(_module, _arguments, output):
            self.tensors[name] = (output[0] if isinstance(output, tuple) else output).detach()

        self.hooks.append(module.register_forward_hook(hook))

    def keep_input(self, module: torch.nn.Module, name: str) -> None:
        """Records what `module` is given."""

        def hook(_module, arguments, keywords):
            self.tensors[name] = (arguments[0] if arguments else keywords["hidden_states"]).detach()

        self.hooks.append(module.register_forward_pre_hook(hook, with_kwargs=True))

    def stop(self) -> dict[str, torch.Tensor]:
        """Removes the hooks and hands over what was recorded."""
        for hook in self.hooks:
            hook.remove()
        return self.tensors


def run(model, batch: dict[str, torch.Tensor]):
    """One pass without a cache; labels in the batch make the reference compute the loss."""
    inputs = dict(batch)
    inputs["pixel_values"] = inputs["pixel_values"].to(model.dtype)
    return model(**inputs, use_cache=False)


def outputs(result) -> dict[str, torch.Tensor]:
    """Logits, and the loss where there were labels."""
    found = {"logits": result.logits}
    return found if result.loss is None else {**found, "loss": result.loss}
