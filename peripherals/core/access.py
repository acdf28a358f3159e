"""What an engine calls for each access of the core to a model's registers: the same for all."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Protocol

from xipsim.peripherals.namedtuple import NamedTuple

from .peripheral import Peripheral
from .ports import RAISED, Unanswered

Read = Callable[[Any, int, int], int]
Write = Callable[[Any, int, int, int], None]


class Questions(Protocol):
    """The engine's record of what the firmware asks again and again (see `Clock.question`)."""

    asked: Hashable
    """The question of the run under way; None ends the run."""
    asking: list[Hashable]
    """That, as its one element, for an engine that looks at it in another way than Python's."""

    def question(self, key: Hashable, until: int | None = None) -> object:
        """As `Clock.question`."""


Guard = Callable[[BaseException, str], None]
"""Takes what a model raised in an access, and the access in words."""


def accessors(model: Peripheral, questions: Questions, guard: Guard) -> tuple[Read, Write]:
    """`read(handle, offset, size)` and `write(handle, offset, value, size)` of a model.

    handle: whatever an engine's callback gets first; not looked at. Where the model raises, the
    access reads 0. A whole 32-bit register costs one dictionary look-up. A read of what is not
    declared is a question, to which there is no answer.
    """
    neutral, quiet = model.NEUTRAL, model.NEUTRAL | model.POLLED
    any_read, any_write = model.read, model.write
    # A model that answers by itself has no short cut.
    declares = type(model).read is Peripheral.read
    readers = model.readers if declares else {}
    writers = model.writers if type(model).write is Peripheral.write else {}

    def read(_handle: Any, offset: int, size: int) -> int:
        asked = questions.asked
        if offset not in quiet:
            questions.asked = None
        try:
            if size == 4:
                reader = readers.get(offset)
                if reader is not None:
                    return reader()
            if declares and not model.declares(offset, size):
                questions.asked = asked
                questions.question(Unanswered(f"{model.name} {offset:#x}"))
            return any_read(offset, size)
        except RAISED as error:
            guard(error, _in_words(model, offset, size))
            return 0

    def write(_handle: Any, offset: int, value: int, size: int) -> None:
        if offset not in neutral:
            questions.asked = None
        try:
            if size == 4:
                writer = writers.get(offset)
                if writer is not None:
                    writer(value)
                    return
            any_write(offset, value, size)
        except RAISED as error:
            guard(error, _in_words(model, offset, size, value))

    return read, write


def _in_words(model: Peripheral, offset: int, size: int, value: int | None = None) -> str:
    if value is None:
        return f"{model.name}: read of {size} bytes at {offset:#x}"
    return f"{model.name}: write of {value:#x}, {size} bytes, at {offset:#x}"


Handler = Callable[..., Any] | dict[int, int] | None
"""What a whole register needs: a call; where its value is stored, which is all; or None: more."""


class Words(NamedTuple):
    """Whole 32-bit registers, for an engine that need not call `read` and `write` for them.

    values: stored values, by offset. find(offset): whether the register there is neutral, which
    sets `asked` of `questions` to None if it is not; reader() and writer(value); and where a write
    needs no writer, but is only stored, while a stored value has none of these bits. What reader
    and writer raise goes to failed(error, offset, value written or None), and the read answers 0.
    """

    values: dict[int, int]
    find: Callable[[int], tuple[bool, Handler, Handler, tuple[int, int] | None]]
    questions: Questions
    failed: Callable[[BaseException, int, int | None], None]


def words(model: Peripheral, questions: Questions, guard: Guard) -> Words:
    """The short cuts of a model: accesses by them do what `accessors` do."""
    kind, values = type(model), model.regs

    def short(handler: Callable[..., Any], plain: Callable[..., Any], offset: int) -> Handler:
        """`values` for what is `plain`; an alias is not, whose value lies elsewhere."""
        if isinstance(handler, partial) and handler.func == plain and handler.args == (offset,):
            return values
        return handler

    def end_and_write(writer: Callable[[int], None], value: int) -> None:
        questions.asked = None
        writer(value)

    def find(offset: int) -> tuple[bool, Handler, Handler, tuple[int, int] | None]:
        reads, writes = kind.read is Peripheral.read, kind.write is Peripheral.write
        reader, writer = model.word(offset) or (None, None)
        is_neutral, is_polled = offset in model.NEUTRAL, offset in model.POLLED
        if writer and is_polled and not is_neutral:
            writer = partial(end_and_write, writer)
        return (
            is_neutral or is_polled,
            short(reader, values.__getitem__, offset) if reader and reads else None,
            short(writer, values.__setitem__, offset) if writer and writes else None,
            model.gate(offset) if writes else None,
        )

    def failed(error: BaseException, offset: int, value: int | None) -> None:
        guard(error, _in_words(model, offset, 4, value))

    return Words(values, find, questions, failed)
