"""Makes the picture fixtures in Tests/Reference/fixtures/images.

Expected pixels are Pillow's: `Image.open(file).convert("RGB")`, `ImageOps.exif_transpose`, `Image.resize`, and the
`pixel_values` of transformers' SiglipImageProcessor. Pictures are stored as files, pixels as SHA-256 digests over width
and height (little-endian uint32) and the samples; small outputs are stored whole, so that a difference can be looked at.

Run: python Tests/Reference/images/make_images.py   (Pillow 13.0.0, numpy 2.1.3, opencv 4.10+, transformers 4.47.0, torch 2.5.1)
"""

import hashlib
import io
import json
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps
from transformers import SiglipImageProcessor

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "images"
FILES = FOLDER / "files"


def photo(width, height, seed):
    """Smooth gradients with some edges and a little noise: something of everything a codec meets."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [np.sin(x / (3 + 2 * c) + y / (5 + c)) * 60 + x * 120 / width + y * (40 + 20 * c) / height for c in range(3)]
    picture = np.stack(waves, axis=-1) + rng.normal(0, 6, (height, width, 3)) + 40
    picture[height // 3 : height // 2, width // 4 : width // 2] = (230, 30, 60)
    return np.clip(picture, 0, 255).astype(np.uint8)


def digest(image):
    image = np.ascontiguousarray(np.asarray(image))
    height, width, _ = image.shape
    return hashlib.sha256(struct.pack("<II", width, height) + image.tobytes()).hexdigest()


def png_bytes(samples, depth, color_type, palette=None, transparency=None, interlaced=False, extra=b""):
    """A PNG of samples `[height, width, channels]`, any depth and type, with or without Adam7."""
    height, width, _ = samples.shape

    def rows(part):
        out = b""
        for row in part:
            if depth == 16:
                packed = row.astype(">u2").tobytes()
            elif depth == 8:
                packed = row.astype(np.uint8).tobytes()
            else:
                bits = "".join(format(v, f"0{depth}b") for v in row.reshape(-1))
                bits += "0" * (-len(bits) % 8)
                packed = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
            out += b"\0" + packed
        return out

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    parts = [samples[y0::dy, x0::dx] for x0, y0, dx, dy in passes] if interlaced else [samples]
    data = b"".join(rows(part) for part in parts if part.size)
    out = b"\x89PNG\r\n\x1a\n"
    out += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, int(interlaced)))
    if palette is not None:
        out += chunk(b"PLTE", palette)
    if transparency is not None:
        out += chunk(b"tRNS", transparency)
    compressed = zlib.compress(data, 9)
    middle = len(compressed) // 2
    return out + extra + chunk(b"IDAT", compressed[:middle]) + chunk(b"IDAT", compressed[middle:]) + chunk(b"IEND", b"")


def png_files():
    rng = np.random.default_rng(7)
    for color_type, channels, depths in [(0, 1, (1, 2, 4, 8, 16)), (2, 3, (8, 16)), (3, 1, (1, 2, 4, 8)), (4, 2, (8, 16)), (6, 4, (8, 16))]:
        for depth in depths:
            for interlaced in (False, True):
                samples = rng.integers(0, 1 << depth, (13, 21, channels))
                palette = transparency = None
                if color_type == 3:
                    # One colour fewer than the indices reach, where the depth allows: what does an index past the end give?
                    palette = rng.integers(0, 256, 3 * ((1 << depth) - 1)).astype(np.uint8).tobytes()
                    transparency = bytes([0, 128]) if depth > 1 else None
                if color_type == 0 and depth <= 8 and not interlaced:
                    transparency = struct.pack(">H", 1)
                if color_type == 0 and depth == 16:
                    samples[:6] //= 200
                name = f"type{color_type}-{depth}bit{'-interlaced' if interlaced else ''}.png"
                yield name, png_bytes(samples, depth, color_type, palette, transparency, interlaced)
    picture = Image.fromarray(photo(47, 31, 3))
    for name, image, options in [
        ("rgb.png", picture, {}),
        ("palette.png", picture.quantize(40), {}),
        ("palette-transparent.png", picture.quantize(40), {"transparency": 3}),
        ("rgb-transparent-color.png", picture, {"transparency": (230, 30, 60)}),
        ("gamma-text.png", picture, {"dpi": (300, 300), "icc_profile": b"not a profile"}),
        ("one-pixel.png", picture.crop((5, 5, 6, 6)), {}),
        ("one-column.png", picture.crop((5, 0, 6, 31)), {}),
    ]:
        out = io.BytesIO()
        image.save(out, "PNG", **options)
        yield name, out.getvalue()
    tall = np.asarray(picture)
    yield "interlaced-1x1.png", png_bytes(tall[:1, :1], 8, 2, interlaced=True)
    yield "interlaced-3x2.png", png_bytes(tall[:2, :3], 8, 2, interlaced=True)


def jpeg_bytes(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def without_segment(data, marker):
    at = data.index(marker)
    return data[:at] + data[at + 2 + struct.unpack(">H", data[at + 2 : at + 4])[0] :]


def jpeg_files():
    for width, height in [(64, 48), (47, 31), (17, 5), (8, 8), (1, 1), (33, 1), (2, 35)]:
        picture = Image.fromarray(photo(width, height, width))
        for name, subsampling in [("444", 0), ("422", 1), ("420", 2)]:
            yield f"baseline-{name}-{width}x{height}.jpg", jpeg_bytes(picture, quality=80, subsampling=subsampling)
    pixels = photo(61, 43, 11)
    picture = Image.fromarray(pixels)
    yield "progressive-420.jpg", jpeg_bytes(picture, quality=70, progressive=True)
    yield "progressive-444.jpg", jpeg_bytes(picture, quality=95, progressive=True, subsampling=0)
    yield "optimized-q30.jpg", jpeg_bytes(picture, quality=30, optimize=True)
    yield "q100.jpg", jpeg_bytes(picture, quality=100)
    yield "q1.jpg", jpeg_bytes(picture, quality=1)
    yield "grey.jpg", jpeg_bytes(picture.convert("L"), quality=85)
    yield "grey-progressive.jpg", jpeg_bytes(picture.convert("L"), quality=85, progressive=True)
    yield "restart-blocks.jpg", jpeg_bytes(picture, quality=85, restart_marker_blocks=3)
    yield "restart-rows.jpg", jpeg_bytes(picture, quality=85, restart_marker_rows=1)
    yield "restart-rows-progressive.jpg", jpeg_bytes(picture, quality=85, restart_marker_rows=1, progressive=True)
    yield "rgb-not-ycc.jpg", jpeg_bytes(picture, quality=85, keep_rgb=True)
    cmyk = jpeg_bytes(picture.convert("CMYK"), quality=85)
    noisy = Image.fromarray(np.random.default_rng(5).integers(0, 256, (29, 37, 4), dtype=np.uint8), "CMYK")
    yield "cmyk.jpg", cmyk
    yield "cmyk-noise.jpg", jpeg_bytes(noisy, quality=98)
    yield "cmyk-progressive.jpg", jpeg_bytes(picture.convert("CMYK"), quality=85, progressive=True)
    yield "cmyk-no-adobe.jpg", without_segment(cmyk, b"\xff\xee")
    # The Adobe segment's last byte names the colour transform: 2 says YCCK.
    adobe = cmyk.index(b"\xff\xee\x00\x0eAdobe") + 15
    yield "ycck.jpg", cmyk[:adobe] + b"\x02" + cmyk[adobe + 1 :]
    bgr = np.ascontiguousarray(pixels[:, :, ::-1])
    for name, factor in [("411", 0x411111), ("440", 0x121111)]:
        yield f"baseline-{name}.jpg", cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor])[1].tobytes()
    plain = jpeg_bytes(picture, quality=75)
    yield "trailing-bytes.jpg", plain + b"\0\0trailing"


def exif_block(orientation, order, kind=3):
    pack = (lambda f, *v: struct.pack((">" if order == b"MM" else "<") + f, *v))
    value = pack("HH", orientation, 0) if kind == 3 else pack("I", orientation)
    return b"Exif\0\0" + order + pack("HI", 42, 8) + pack("H", 2) + pack("HHI", 0x0100, 4, 1) + pack("I", 99) + pack("HHI", 0x0112, kind, 1) + value + pack("I", 0)


def oriented_files():
    picture = Image.fromarray(photo(23, 14, 2))
    plain = jpeg_bytes(picture, quality=90)
    segment = lambda payload: plain[:2] + b"\xff\xe1" + struct.pack(">H", len(payload) + 2) + payload + plain[2:]
    for orientation in range(0, 10):
        order = b"MM" if orientation % 2 else b"II"
        yield f"orientation-{orientation}.jpg", segment(exif_block(orientation, order))
    yield "orientation-long.jpg", segment(exif_block(6, b"II", kind=4))
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="8"/></x:xmpmeta>'
    yield "orientation-xmp.jpg", segment(b"http://ns.adobe.com/xap/1.0/\0" + xmp)
    yield "orientation-broken.jpg", segment(exif_block(6, b"II")[:20])
    exif = exif_block(5, b"MM")[6:]
    chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif + struct.pack(">I", zlib.crc32(b"eXIf" + exif))
    yield "orientation-5.png", png_bytes(np.asarray(picture), 8, 2, extra=chunk)


def decoding():
    cases = []
    for name, data in [*png_files(), *jpeg_files(), *oriented_files()]:
        (FILES / name).write_bytes(data)
        with Image.open(io.BytesIO(data)) as image:
            case = {"file": name, "mode": image.mode, "digest": digest(image.convert("RGB"))}
        if name.startswith("orientation"):
            with Image.open(io.BytesIO(data)) as image:
                try:
                    case["upright"] = digest(ImageOps.exif_transpose(image).convert("RGB"))
                except Exception:  # Pillow fails on broken EXIF; Palinote then takes the picture as upright.
                    case["upright"] = case["digest"]
        cases.append(case)
    return cases


def opens(data):
    try:
        with Image.open(io.BytesIO(data)) as image:
            return digest(image.convert("RGB"))
    except Exception:
        return None


def prefixes():
    """For each beginning of a few files: the lengths that Pillow accepts, with the pixels it makes of them."""
    cases = []
    for name in ["baseline-420-17x5.jpg", "grey-progressive.jpg", "restart-blocks.jpg", "rgb.png", "type3-4bit-interlaced.png"]:
        data = (FILES / name).read_bytes()
        accepted = {str(length): d for length in range(len(data)) if (d := opens(data[:length]))}
        cases.append({"file": name, "byteCount": len(data), "accepted": accepted})
    return cases


def resizing():
    source = photo(97, 61, 1)
    noise = np.random.default_rng(4).integers(0, 2, (37, 53, 3), dtype=np.uint8) * 255
    (FILES / "resize-photo.png").write_bytes(png_bytes(source, 8, 2))
    (FILES / "resize-noise.png").write_bytes(png_bytes(noise, 8, 2))
    filters = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4}
    sizes = [(97, 61), (97, 30), (50, 61), (1, 1), (96, 60), (98, 62), (224, 224), (448, 448), (13, 200), (300, 7), (31, 31), (7, 61), (3, 2), (194, 122), (640, 5),
             (90, 47), (90, 46), (96, 59), (96, 58), (200, 60)]
    cases = []
    for name, pixels in [("resize-photo.png", source), ("resize-noise.png", noise)]:
        for filter_name, number in filters.items():
            for width, height in sizes:
                resized = Image.fromarray(pixels).resize((width, height), number)
                cases.append({"file": name, "filter": filter_name, "width": width, "height": height, "digest": digest(resized)})
    return cases


def processing():
    cases = []
    for name in ["resize-photo.png", "resize-noise.png", "baseline-420-64x48.jpg"]:
        for size, mean, std in [(16, [0.5] * 3, [0.5] * 3), (224, [0.5] * 3, [0.5] * 3), (448, [0.5] * 3, [0.5] * 3), (56, [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])]:
            processor = SiglipImageProcessor(size={"height": size, "width": size}, image_mean=mean, image_std=std)
            with Image.open(FILES / name) as image:
                values = processor(image.convert("RGB"), return_tensors="np")["pixel_values"][0]
            assert values.dtype == np.float32
            case = {"file": name, "size": size, "mean": mean, "std": std, "sha256": hashlib.sha256(values.tobytes()).hexdigest()}
            if size == 16:
                case["values"] = f"{name}.values.bin"
                (FOLDER / case["values"]).write_bytes(values.tobytes())
            cases.append(case)
    return cases


def encoding():
    cases = []
    for name in ["resize-photo.png", "rgb.png"]:
        for quality in [1, 30, 75, 95, 100]:
            with Image.open(FILES / name) as image:
                data = jpeg_bytes(image, quality=quality)
            cases.append({"file": name, "quality": quality, "byteCount": len(data), "digest": opens(data)})
    return cases


if __name__ == "__main__":
    FILES.mkdir(parents=True, exist_ok=True)
    for part in [decoding, prefixes, resizing, processing, encoding]:
        (FOLDER / f"{part.__name__}.json").write_text(json.dumps(part(), indent=1) + "\n")
