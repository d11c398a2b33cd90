"""Make small archives, well-meant and hostile, with Python's own zipfile and tarfile (Python 3.11):
    python Tests/Reference/archives/make_archives.py Tests/Reference/fixtures/archives
"""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

PLAIN = {"dataset/_annotations.train.jsonl": b'{"image": "a.jpg"}\n', "dataset/a.jpg": bytes(range(256)) * 40,
         "dataset/Größe 黑桃.txt": "黑桃".encode(), "empty.txt": b"", "./dot/./x": b"x"}
DATE = (2024, 12, 1, 0, 0, 0)


def zip_of(path, entries, folders=()):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in folders:
            archive.writestr(zipfile.ZipInfo(name, DATE), b"")
        for name, content in entries:
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)


def tar_of(path, entries, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, content, changes in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            for key, value in changes.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    plain = list(PLAIN.items())
    zip_of(folder / "plain.zip", plain, folders=["dataset/", "nothing inside/"])
    tar_of(folder / "plain.tar.gz", [(name, content, {}) for name, content in plain], "w:gz")
    zip_of(folder / "upwards.zip", plain[:1] + [("dataset/../../outside.txt", b"x")])
    zip_of(folder / "absolute.zip", [("/tmp/palinote-outside.txt", b"x")])
    zip_of(folder / "backslash.zip", [("..\\outside.txt", b"x")])
    tar_of(folder / "absolute.tar", [("/tmp/palinote-outside.txt", b"x", {})])
    tar_of(folder / "upwards.tar", [("a/../../outside.txt", b"x", {})])
    tar_of(folder / "symbolic-link.tar", [("d", b"", {"type": tarfile.SYMTYPE, "linkname": "/tmp"}), ("d/x", b"x", {})])
    tar_of(folder / "hard-link.tar", [("p", b"", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"})])
    tar_of(folder / "pipe.tar", [("p", b"", {"type": tarfile.FIFOTYPE})])
    link = zipfile.ZipInfo("link", DATE)
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(folder / "symbolic-link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    tar_of(folder / "twice.tar", [("a", b"1", {}), ("a", b"2", {})])
    tar_of(folder / "file-in-the-way.tar", [("a", b"1", {}), ("a/b/c", b"2", {})])
    zip_of(folder / "bomb.zip", [("zeros", bytes(4_000_000))])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
