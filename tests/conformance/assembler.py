"""An assembler for the tests' programs: a dozen Thumb instructions, labels, a literal pool.

Encodings: Armv7-M Architecture Reference Manual, A7.7.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

CONDITIONS = ("eq", "ne", "cs", "cc", "mi", "pl")
_BRANCHES = {f"b{name}": number for number, name in enumerate(CONDITIONS)}
_PLAIN = {
    "nop": (0xBF00,),
    "wfe": (0xBF20,),
    "wfi": (0xBF30,),
    "cpsid i": (0xB672,),
    "cpsie i": (0xB662,),
    "udf": (0xDE00,),
    "dsb": (0xF3BF, 0x8F4F),
    "isb": (0xF3BF, 0x8F6F),
}
_FORMS: dict[str, Callable[..., int]] = {
    r"movs r(\d), #(\w+)": lambda d, value: 0x2000 | d << 8 | value,
    r"cmp r(\d), #(\w+)": lambda n, value: 0x2800 | n << 8 | value,
    r"adds r(\d), #(\w+)": lambda d, value: 0x3000 | d << 8 | value,
    r"subs r(\d), #(\w+)": lambda d, value: 0x3800 | d << 8 | value,
    r"ands r(\d), r(\d)": lambda d, m: 0x4000 | m << 3 | d,
    r"subs r(\d), r(\d), r(\d)": lambda d, n, m: 0x1A00 | m << 6 | n << 3 | d,
    r"lsls r(\d), r(\d), #(\w+)": lambda d, m, by: by << 6 | m << 3 | d,
    r"ldr r(\d), \[r(\d), #(\w+)\]": lambda t, n, at: 0x6800 | at // 4 << 6 | n << 3 | t,
    r"str r(\d), \[r(\d), #(\w+)\]": lambda t, n, at: 0x6000 | at // 4 << 6 | n << 3 | t,
    r"ldrh r(\d), \[r(\d), #(\w+)\]": lambda t, n, at: 0x8800 | at // 2 << 6 | n << 3 | t,
    r"strh r(\d), \[r(\d), #(\w+)\]": lambda t, n, at: 0x8000 | at // 2 << 6 | n << 3 | t,
    r"ldrb r(\d), \[r(\d), #(\w+)\]": lambda t, n, at: 0x7800 | at << 6 | n << 3 | t,
    r"strb r(\d), \[r(\d), #(\w+)\]": lambda t, n, at: 0x7000 | at << 6 | n << 3 | t,
    r"bx r(\d+)": lambda m: 0x4700 | m << 3,
    r"blx r(\d+)": lambda m: 0x4780 | m << 3,
}
_STATEMENT = re.compile(r"\s*(?:(\w+):)?\s*(.*?)\s*")


def assemble(source: str, origin: int) -> tuple[bytes, dict[str, int]]:
    """The bytes of a program that lies at `origin` (a multiple of 4), and its labels' addresses.

    A statement a line, or several with `;` between them; `//` begins a comment.
    """
    labels: dict[str, int] = {}
    code: list[tuple[int, str]] = []
    at = origin
    for text in re.split(r"[;\n]", re.sub("//.*", "", source)):
        label, statement = _STATEMENT.fullmatch(re.sub(r"\blr\b", "r14", text)).groups()
        if label:
            labels[label] = at
        if statement:
            code.append((at, statement))
            at += 2 * len(_PLAIN.get(statement, (0,)))
    pool = at + 3 & ~3
    literals: list[int] = []
    words = [
        word for at, statement in code for word in _encode(statement, at, labels, pool, literals)
    ]
    image = struct.pack(f"<{len(words)}H", *words).ljust(pool - origin, b"\0")
    return image + struct.pack(f"<{len(literals)}I", *literals), labels


def _encode(
    statement: str, at: int, labels: dict[str, int], pool: int, literals: list[int]
) -> tuple[int, ...]:
    if statement in _PLAIN:
        return _PLAIN[statement]
    name, _, rest = statement.partition(" ")
    if name == "b":
        return (0xE000 | (labels[rest] - at - 4 >> 1) & 0x7FF,)
    if name in _BRANCHES:
        return (0xD000 | _BRANCHES[name] << 8 | (labels[rest] - at - 4 >> 1) & 0xFF,)
    if match := re.fullmatch(r"ldr r(\d), =(\w+)", statement):
        value = labels.get(match[2]) or int(match[2], 0)
        literals.append(value)
        place = pool + 4 * (len(literals) - 1)
        return (0x4800 | int(match[1]) << 8 | place - (at + 4 & ~3) >> 2,)
    for form, encode in _FORMS.items():
        if match := re.fullmatch(form, statement):
            return (encode(*(int(group, 0) for group in match.groups())),)
    raise ValueError(f"no instruction: {statement}")
