"""Times transformers on the shapes of `palinote bench paligemma`, and prints the same rows.

    python bench_peer.py --image train_000.jpg --dtype bfloat16

The picture is that of `palinote exec 'dataset make-cards --size 640 --train 1 --valid 0 --test 0 --out FOLDER'`.
"""

import argparse
import io
import json
import resource
import statistics
import time

import torch
import transformers
from peft import LoraConfig, get_peft_model
from PIL import Image
from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration, SiglipImageProcessor

SIDE, IMAGE_TOKENS, IMAGE_ID, VOCABULARY = 448, 1024, 257152, 257216


def configuration(vision_layers, text_layers):
    """paligemma2-3b-448 with fewer layers."""
    vision = dict(
        model_type="siglip_vision_model", hidden_size=1152, intermediate_size=4304, num_attention_heads=16,
        num_hidden_layers=vision_layers, image_size=SIDE, patch_size=14, num_image_tokens=IMAGE_TOKENS,
        projection_dim=2304, vision_use_head=False)
    text = dict(
        model_type="gemma2", hidden_size=2304, intermediate_size=9216, num_attention_heads=8, num_key_value_heads=4,
        head_dim=256, query_pre_attn_scalar=256, num_hidden_layers=text_layers, vocab_size=VOCABULARY,
        hidden_activation="gelu_pytorch_tanh", attn_logit_softcapping=50.0, final_logit_softcapping=30.0,
        sliding_window=4096)
    return PaliGemmaConfig(
        vision_config=vision, text_config=text, image_token_index=IMAGE_ID, hidden_size=2304, projection_dim=2304,
        pad_token_id=0, bos_token_id=2, eos_token_id=1)


def measure(names, work, repeats):
    """The first run and the others of work that returns the seconds of each name."""
    runs = [work() for _ in range(repeats + 1)]
    rows = []
    for part, name in enumerate(names):
        others = [run[part] for run in runs[1:]]
        rows.append((name, runs[0][part], min(others), statistics.median(others)))
    return rows


def timed(work):
    """Work without a result, as `measure` wants it."""
    def run():
        start = time.perf_counter()
        work()
        return [time.perf_counter() - start]
    return run


class Clock:
    """A streamer that notes when tokens come; the prompt comes first."""

    def __init__(self):
        self.times = []

    def put(self, _):
        self.times.append(time.perf_counter())

    def end(self):
        pass


def measure_model(args):
    dtype = getattr(torch, args.dtype)
    torch.manual_seed(1)
    torch.set_default_dtype(dtype)
    model = PaliGemmaForConditionalGeneration(configuration(args.vision_layers, args.text_layers)).eval()
    torch.set_default_dtype(torch.float32)
    pixels = (torch.rand(1, 3, SIDE, SIDE) * 2 - 1).to(dtype)
    text = torch.randint(0, IMAGE_ID, (1, args.text_tokens - 1))
    ids = torch.cat([torch.full((1, IMAGE_TOKENS), IMAGE_ID), torch.tensor([[2]]), text], dim=1)
    mask = torch.ones_like(ids)

    @torch.no_grad()
    def forward():
        model.get_image_features(pixels)

    @torch.no_grad()
    def generate():
        clock, start = Clock(), time.perf_counter()
        model.generate(
            input_ids=ids, attention_mask=mask, pixel_values=pixels, max_new_tokens=args.new_tokens + 1,
            min_new_tokens=args.new_tokens + 1, do_sample=False, streamer=clock)
        tokens = clock.times[1:]
        return [tokens[0] - start, (tokens[-1] - tokens[0]) / (len(tokens) - 1)]

    rows = measure(["forward: image features"], timed(forward), args.repeats)
    rows += measure(["prefill", "decode, a token"], generate, args.repeats)

    linears = "q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj"
    adapted = get_peft_model(
        model.train(), LoraConfig(r=8, lora_alpha=8, target_modules=rf".*language_model.*\.({linears})"))
    optimizer = torch.optim.AdamW([p for p in adapted.parameters() if p.requires_grad], lr=5e-5)
    suffix = args.text_tokens // 2
    types = torch.zeros_like(ids)
    types[:, -suffix:] = 1
    labels = ids.masked_fill(types == 0, -100)

    def step():
        loss = adapted(
            input_ids=ids, attention_mask=mask, token_type_ids=types, pixel_values=pixels, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(adapted.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return rows + measure(["LoRA step"], timed(step), args.repeats)


def measure_pictures(args):
    with open(args.image, "rb") as file:
        jpeg = file.read()
    processor = SiglipImageProcessor(size={"height": SIDE, "width": SIDE}, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    decoded = Image.open(io.BytesIO(jpeg)).convert("RGB")

    def one():
        processor(Image.open(io.BytesIO(jpeg)).convert("RGB"), return_tensors="pt")

    def batch():
        processor([decoded] * 8, return_tensors="pt")

    side = "x".join(map(str, decoded.size))
    return measure([f"{side} JPEG to pixel values, one thread"], timed(one), args.repeats) + measure(
        ["collate 8 decoded images"], timed(batch), args.repeats)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image", required=True)
    parser.add_argument("--dtype", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--vision-layers", type=int, default=2)
    parser.add_argument("--text-layers", type=int, default=2)
    parser.add_argument("--text-tokens", type=int, default=32)
    parser.add_argument("--new-tokens", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    transformers.logging.set_verbosity_error()
    print(f"torch {torch.__version__}, transformers {transformers.__version__}, {args.threads} threads, {args.dtype}")
    for name, first, best, median in measure_pictures(args) + measure_model(args):
        print(json.dumps({"measure": name, "first": first, "best": best, "median": median}))
    print(json.dumps({"measure": "peak memory", "best": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
