"""Builds flashcheck: `python -m xipsim.firmware.flashcheck.build [SOC...]`.

Needs arm-none-eabi-gcc; the same sources and compiler give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from . import FOLDER

PREFIX = "arm-none-eabi-"
CPUS = {"ensemble_e7": "cortex-m55", "rt1062": "cortex-m7"}
"""SoCs, and what their core is called."""
FLAGS = (
    *("-mthumb", "-mfloat-abi=soft", "-std=gnu11", "-Os", "-ffreestanding", "-fno-common"),
    *("-fno-tree-loop-distribute-patterns", "-ffunction-sections"),
    *("-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers"),
    *("-nostdlib", "-Wl,--gc-sections,--build-id=none,--fatal-warnings", "-lgcc"),
)


def compiler_version() -> str | None:
    """What the compiler calls itself; None where there is none."""
    try:
        run = subprocess.run(
            [f"{PREFIX}gcc", "--version"], capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        return None
    return run.stdout.splitlines()[0]


def sources(soc: str) -> list[Path]:
    """Everything that the image is made of, in the order in which it is linked."""
    folders = (FOLDER / "common", FOLDER / soc)
    return [path for folder in folders for path in sorted(folder.glob("*.[ch]"))] + [
        FOLDER / soc / "link.ld"
    ]


def sources_hash(soc: str) -> str:
    """SHA-256 over names and contents of the sources, and how they are compiled."""
    digest = hashlib.sha256(" ".join((CPUS[soc], *FLAGS)).encode())
    for path in sources(soc):
        digest.update(f"{path.relative_to(FOLDER).as_posix()}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build(soc: str) -> bytes:
    """Compile and link the image. CalledProcessError with the compiler's words where it fails."""
    with tempfile.TemporaryDirectory() as folder:
        elf, binary = Path(folder, "image.elf"), Path(folder, "image.bin")
        units = [str(p.relative_to(FOLDER)) for p in sources(soc) if p.suffix == ".c"]
        paths = ["-I", "common", "-I", soc, "-T", f"{soc}/link.ld", "-o", str(elf)]
        _run("gcc", f"-mcpu={CPUS[soc]}", *FLAGS, *paths, *units)
        _run("objcopy", "-O", "binary", "--gap-fill", "0xFF", str(elf), str(binary))
        return binary.read_bytes()


def _run(tool: str, *arguments: str) -> None:
    # Compiled in place with relative names, so that no path gets into the image.
    subprocess.run([f"{PREFIX}{tool}", *arguments], check=True, cwd=FOLDER)


def main(socs: list[str]) -> None:
    """Build, and write image and provenance beside the sources."""
    for soc in socs or CPUS:
        image = build(soc)
        facts = {
            "compiler": compiler_version(),
            "sources": sources_hash(soc),
            "image": hashlib.sha256(image).hexdigest(),
        }
        (FOLDER / f"{soc}.bin").write_bytes(image)
        (FOLDER / f"{soc}.json").write_text(json.dumps(facts, indent=2) + "\n")
        print(f"{soc}.bin: {len(image)} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
