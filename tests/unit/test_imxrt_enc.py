"""ENC and XBARA1 behind the pin multiplexer: the header MIMXRT1062.h, fsl_enc.c, fsl_iomuxc.h."""

from __future__ import annotations

import pytest

from xipsim.peripherals.core import ResetCause
from xipsim.peripherals.core.testing import Bench
from xipsim.peripherals.imxrt.enc import Enc
from xipsim.peripherals.imxrt.gpio import Gpio
from xipsim.peripherals.imxrt.iomuxc import Iomuxc, IomuxcGpr
from xipsim.peripherals.imxrt.xbara import Xbara
from xipsim.peripherals.wiring import Wire

CTRL, FILT, POSD, POSDH, REV, UPOS, LPOS, UPOSH, LPOSH = 0, 2, 6, 8, 0xA, 0xE, 0x10, 0x12, 0x14
UINIT, LINIT, IMR, CTRL2, UMOD, LMOD, UCOMP, LCOMP = 0x16, 0x18, 0x1A, 0x1E, 0x20, 0x22, 0x24, 0x26
CMPIE, CMPIRQ, XNE, XIP, XIE, XIRQ, PH1, REVERSE, SWIP, HNE, HIP, HIE, HIRQ = (
    1 << bit for bit in (0, 1, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
)
UPDPOS, MOD, DIR, RUIE, RUIRQ, ROIE, ROIRQ, REVMOD = (1 << bit for bit in range(1, 9))
SIGNED = 1 << 32
EMC_04_MUX, EMC_05_MUX = 0x401F_8024 - 0x401F_8000, 0x401F_8028 - 0x401F_8000
"""GPIO4 pins 4 and 5, and XBAR_INOUT06 and 07 with MUX_MODE 3."""


class Board:
    """ENC1 behind XBARA1, phases from EMC_04 and 05; GPIO2 pins 10 and 11 are wired to them."""

    def __init__(self) -> None:
        self.bench = Bench()
        system = self.bench.system
        self.drivers = Gpio(system, name="gpio2")
        self.port = Gpio(system, name="gpio4")
        self.iomuxc = Iomuxc(system, gpio2=self.drivers, gpio4=self.port)
        self.gpr = IomuxcGpr(system)
        self.xbar = Xbara(system, iomuxc=self.iomuxc, gpr=self.gpr)
        self.enc = Enc(system, xbar=self.xbar, number=1)
        for pin in (0, 1):
            Wire(system, port=self.drivers, pin=10 + pin, other=self.port, other_pin=4 + pin)
        self.drivers.write(0x04, 0b11 << 10)
        self.iomuxc.write(EMC_04_MUX, 3)
        self.iomuxc.write(EMC_05_MUX, 3)
        # Outputs 66 and 67, ENC1's phases, share SEL33.
        self.xbar.write(66, 7 << 8 | 6, 2)

    def put(self, a: int, b: int) -> None:
        self.drivers.write(0x00, a << 10 | b << 11)

    def turn(self, steps: int) -> None:
        """A leads B for positive steps."""
        levels = ((0, 0), (1, 0), (1, 1), (0, 1))
        at = levels.index(tuple(self.drivers.read(0) >> pin & 1 for pin in (10, 11)))
        for step in range(abs(steps)):
            self.put(*levels[(at + (step + 1) * (1 if steps > 0 else -1)) % 4])

    def pulse(self, count: int) -> None:
        for _ in range(count):
            self.put(1, self.drivers.read(0) >> 11 & 1)
            self.put(0, self.drivers.read(0) >> 11 & 1)

    def write(self, offset: int, value: int) -> None:
        self.enc.write(offset, value, 2)

    def read(self, offset: int) -> int:
        return self.enc.read(offset, 2)

    @property
    def position(self) -> int:
        """As ENC_GetPositionValue reads it, with a sign."""
        value = self.read(UPOS) << 16 | self.read(LPOSH)
        return value - SIGNED if value >> 31 else value


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.mark.parametrize("steps", [1, 5, -1, -7])
def test_a_quadrature_signal_counts_by_its_direction(board: Board, steps: int) -> None:
    board.turn(steps)
    assert board.position == steps
    assert bool(board.read(CTRL2) & DIR) is (steps > 0)
    board.turn(-steps)
    assert board.position == 0


def test_the_reverse_direction(board: Board) -> None:
    board.write(CTRL, REVERSE)
    board.turn(3)
    assert board.position == -3


@pytest.mark.parametrize(("control", "phase_b", "sign"), [
    (PH1, 0, 1), (PH1, 1, -1), (PH1 | REVERSE, 1, 1), (PH1 | REVERSE, 0, -1),
])  # fmt: skip
def test_pulses_count_by_phase_b(board: Board, control: int, phase_b: int, sign: int) -> None:
    """CTRL[PH1]: rising edges of PHASEA, up where PHASEB equals REV."""
    board.put(0, phase_b)
    board.write(CTRL, control | SWIP)
    board.pulse(4)
    assert board.position == 4 * sign


def test_levels_of_the_crossbar(board: Board) -> None:
    board.write(CTRL, PH1)
    board.xbar.write(66, 1 << 8 | 6, 2)  # PHASEB high
    board.pulse(2)
    assert board.position == -2
    board.xbar.write(66, 0, 2)  # nothing at PHASEA
    board.pulse(5)
    assert board.position == -2


def test_modulo_counting(board: Board) -> None:
    for offset, value in ((UINIT, 0), (LINIT, 2), (UMOD, 0), (LMOD, 4), (CTRL2, MOD | REVMOD)):
        board.write(offset, value)
    board.write(CTRL, SWIP)
    seen = []
    for _ in range(4):
        board.turn(1)
        seen.append(board.position)
    assert seen == [3, 4, 2, 3] and board.read(REV) == 1
    assert board.read(CTRL2) & (ROIRQ | RUIRQ) == ROIRQ
    board.turn(-2)
    assert board.position == 4 and board.read(REV) == 0
    assert board.read(CTRL2) & RUIRQ


@pytest.mark.parametrize(("enable", "flag", "steps"), [(ROIE, ROIRQ, 1), (RUIE, RUIRQ, -1)])
def test_rolling_interrupts(board: Board, enable: int, flag: int, steps: int) -> None:
    """From FFFFFFFFh to 0 and back, without modulo counting."""
    if steps > 0:
        board.write(UPOS, 0xFFFF)
        board.write(LPOS, 0xFFFF)
    board.write(CTRL2, enable)
    board.turn(steps)
    assert board.enc.IRQ.level and board.read(CTRL2) & flag
    board.write(CTRL2, enable | flag)
    assert not board.enc.IRQ.level


def test_a_match_interrupts_and_goes_to_the_crossbar(board: Board) -> None:
    board.write(UCOMP, 0)
    board.write(LCOMP, 2)
    board.write(CTRL, CMPIE)
    board.xbar.write(2 * (72 // 2), 60, 2)  # ENC1's match to ENC2's PHASEB
    board.turn(1)
    assert not board.enc.IRQ.level and not board.xbar.level(72)
    board.turn(1)
    assert board.enc.IRQ.level and board.xbar.level(72)
    board.turn(1)
    assert board.enc.IRQ.level and not board.xbar.level(72)
    board.write(CTRL, CMPIE | CMPIRQ)
    assert not board.enc.IRQ.level


@pytest.mark.parametrize(("edge", "level"), [(0, 1), (HNE, 0)])
def test_home_initializes(board: Board, edge: int, level: int) -> None:
    board.write(LINIT, 77)
    board.write(CTRL, HIP | HIE | edge)
    board.xbar.write(68, (1 - level) << 8, 2)  # output 69, HOME
    board.write(CTRL, HIP | HIE | HIRQ | edge)
    assert board.position == 0 and not board.enc.IRQ.level
    board.xbar.write(68, level << 8, 2)
    assert board.position == 77 and board.enc.IRQ.level


def test_index_counts_revolutions(board: Board) -> None:
    board.turn(1)
    for level in (1, 0, 1, 0):
        board.xbar.write(68, level, 2)
    assert board.read(REV) == 2 and board.read(CTRL) & XIRQ


def test_trigger_clears(board: Board) -> None:
    board.turn(3)
    board.write(CTRL2, UPDPOS)
    board.xbar.write(70, 1, 2)
    assert board.position == 0 and board.read(POSD) == 0


def test_trigger_clears_revolutions(board: Board) -> None:
    """CTRL2.UPDPOS: the trigger clears POSD, REV, UPOS and LPOS."""
    board.turn(1)
    for level in (1, 0):
        board.xbar.write(68, level, 2)
    assert board.read(REV) == 1
    board.write(CTRL2, UPDPOS)
    board.xbar.write(70, 1, 2)
    assert board.read(REV) == 0


def test_reading_a_counter_holds_all(board: Board) -> None:
    board.turn(-1)
    assert board.read(UPOS) == 0xFFFF
    board.turn(2)
    assert (board.read(UPOSH), board.read(LPOSH)) == (0xFFFF, 0xFFFF)
    assert board.read(POSD) == 1 and board.read(POSDH) == 1


def test_the_input_monitor(board: Board) -> None:
    board.put(1, 0)
    assert board.read(IMR) == 0x88
    board.put(0, 1)
    assert board.read(IMR) == 0x44


def test_a_match_drives_a_pad(board: Board) -> None:
    """XBAR_INOUT07 as an output: IOMUXC_GPR6 bit 19; what the wire carries, the other end reads."""
    board.drivers.write(0x04, 1 << 10)
    board.gpr.write(0x18, 1 << 19)
    board.xbar.write(6, 60 << 8, 2)  # output 7
    board.write(UCOMP, 0)
    board.write(LCOMP, 1)
    assert board.drivers.read(0x08) >> 11 & 1 == 0 and board.port.direction(5) == "out"
    board.xbar.write(66, 6, 2)
    board.turn(1)
    assert board.drivers.read(0x08) >> 11 & 1 == 1


def test_a_pad_goes_back_to_its_port(board: Board) -> None:
    board.iomuxc.write(EMC_04_MUX, 5)
    board.turn(4)
    assert board.position == 0, "phase B alone moves back and forth"
    board.iomuxc.reset(ResetCause.WATCHDOG)
    before = board.position
    board.turn(8)
    assert board.position == before


def test_a_snapshot_lends_pads_again(board: Board) -> None:
    saved = [model.save() for model in (board.iomuxc, board.xbar, board.enc, board.port)]
    other = Board()
    other.iomuxc.reset(ResetCause.POWER_ON)
    models = (other.iomuxc, other.xbar, other.enc, other.port)
    for model, state in zip(models, saved, strict=True):
        model.load(state)
    other.turn(3)
    assert other.position == 3


def test_what_is_missing_is_told(board: Board) -> None:
    board.write(FILT, 5)
    board.xbar.write(66, 40, 2)
    assert {gap.what for gap in board.bench.gaps} == {
        "FILT.FILT_PER: filters of the inputs",
        "SEL[33]: input 40",
    }


@pytest.mark.parametrize(
    ("port", "pin", "mux", "mode", "number"),
    [
        ("gpio4", 12, 0x044, 1, 24),  # IOMUXC_GPIO_EMC_12_XBARA1_IN24
        ("gpio2", 12, 0x16C, 1, 10),  # IOMUXC_GPIO_B0_12_XBARA1_INOUT10
        ("gpio3", 12, 0x1BC, 3, 4),  # IOMUXC_GPIO_SD_B0_00_XBARA1_INOUT04
        ("gpio1", 5, 0x0D0, 6, 17),  # IOMUXC_GPIO_AD_B0_05_XBARA1_INOUT17
        ("gpio1", 11, 0x0E8, 6, 23),  # IOMUXC_GPIO_AD_B0_11_XBARA1_INOUT23
    ],
)
def test_pads_by_their_mode(port: str, pin: int, mux: int, mode: int, number: int) -> None:
    system = Bench().system
    pins = Gpio(system, name=port)
    iomuxc = Iomuxc(system, **{port: pins})
    xbar = Xbara(system, iomuxc=iomuxc, gpr=IomuxcGpr(system))
    xbar.write(66, number, 2)
    for given in (mode, 5):  # 5: the port's
        iomuxc.write(mux, given)
        before = xbar.level(66)
        pins.drive(pin, not before)
        assert (xbar.level(66) != before) == (given == mode)


# -- the decoder alone, input by input -------------------------------------------------------------

A, B, INDEX, HOME, TRIGGER = range(5)


class Decoder:
    """An ENC whose inputs are moved one at a time."""

    def __init__(self, control: int = 0, control2: int = 0, position: int = 0) -> None:
        self.enc = Enc(Bench().system)
        self.enc.reset(ResetCause.POWER_ON)
        self.write(UPOS, position >> 16)
        self.write(LPOS, position & 0xFFFF)
        self.write(CTRL2, control2)
        self.write(CTRL, control)
        self.at = 0

    def write(self, offset: int, value: int) -> None:
        self.enc.write(offset, value & 0xFFFF, 2)

    def read(self, offset: int) -> int:
        return self.enc.read(offset, 2)

    def turn(self, steps: int) -> None:
        """A leads B for positive steps."""
        order = ((False, False), (True, False), (True, True), (False, True))
        for _ in range(abs(steps)):
            self.at += 1 if steps > 0 else -1
            for place, level in zip((A, B), order[self.at % 4], strict=True):
                self.enc.on_level(place, level)

    def pulse(self, place: int) -> None:
        for level in (True, False):
            self.enc.on_level(place, level)

    @property
    def position(self) -> int:
        return self.enc.position


@pytest.mark.parametrize("place", range(5))
def test_levels_of_each_input(place: int) -> None:
    """IMR: HOME 0, INDEX 1, PHB 2, PHA 3, the same behind their filters; none of the trigger."""
    decoder = Decoder()
    decoder.enc.on_level(place, True)
    bit = (8, 4, 2, 1, 0)[place]
    assert decoder.read(IMR) == decoder.enc.peek(IMR, 2) == bit | bit << 4


@pytest.mark.parametrize("start", [0, 0xFFFE, 0xFFFF_FFFE])
def test_the_position_has_32_bits(start: int) -> None:
    decoder = Decoder(position=start)
    for step in range(1, 5):
        decoder.turn(1)
        assert decoder.position == (start + step) % SIGNED
    decoder.turn(-8)
    assert decoder.position == (start - 4) % SIGNED
    assert bool(decoder.read(CTRL2) & ROIRQ) == (start == 0xFFFF_FFFE)
    assert bool(decoder.read(CTRL2) & RUIRQ) == (start in (0, 0xFFFF_FFFE))


def test_both_phases_at_once_count_nothing() -> None:
    """They cannot come so from here, but one after the other: there and back."""
    decoder = Decoder()
    decoder.enc.on_level(A, True)
    decoder.enc.on_level(A, False)
    decoder.enc.on_level(B, True)
    assert decoder.position == SIGNED - 1
    decoder.enc.on_level(B, True)
    assert decoder.position == SIGNED - 1


@pytest.mark.parametrize(
    ("reverse", "phase_b", "sign"), [(0, 0, 1), (0, 1, -1), (1, 0, -1), (1, 1, 1)]
)
def test_pulses_of_one_phase(reverse: int, phase_b: int, sign: int) -> None:
    """PH1: rising edges of A alone; B's do not count."""
    decoder = Decoder()
    decoder.enc.on_level(B, bool(phase_b))
    decoder.write(CTRL, PH1 | REVERSE * reverse | SWIP)
    for n in range(1, 4):
        decoder.enc.on_level(A, True)
        assert decoder.position == sign * n % SIGNED
        decoder.enc.on_level(A, False)
    decoder.enc.on_level(B, not phase_b)
    assert decoder.position == sign * 3 % SIGNED
    assert bool(decoder.read(CTRL2) & DIR) == (sign > 0)


@pytest.mark.parametrize("offset", [UPOS, LPOS, REV, POSD])
def test_each_counter_holds_all_when_it_is_read(offset: int) -> None:
    """fsl_enc.c reads one, and the rest from the hold registers; POSD begins anew with its own."""
    decoder = Decoder(position=0x12_0000)
    decoder.turn(5)
    decoder.enc.on_level(INDEX, True)
    for hold in (POSDH, 0xC, UPOSH, LPOSH):
        assert decoder.read(hold) == 0
    values = {UPOS: 0x12, LPOS: 5, REV: 1, POSD: 5}
    assert decoder.enc.peek(offset, 2) == decoder.read(offset) == values[offset]
    assert [decoder.read(hold) for hold in (POSDH, 0xC, UPOSH, LPOSH)] == [5, 1, 0x12, 5]
    assert decoder.read(POSD) == (0 if offset == POSD else 5)


def test_the_initial_value() -> None:
    """SWIP reads 0; UINIT and LINIT are its halves."""
    decoder = Decoder()
    decoder.write(UINIT, 0x89AB)
    decoder.write(LINIT, 0xCDEF)
    decoder.write(CTRL, SWIP | PH1)
    assert decoder.position == 0x89AB_CDEF and decoder.read(CTRL) == PH1


@pytest.mark.parametrize(
    ("place", "negative", "initial", "flag"),
    [(INDEX, XNE, XIP, XIRQ), (HOME, HNE, HIP, HIRQ)],
)
@pytest.mark.parametrize("falls", [False, True])
@pytest.mark.parametrize("sets", [False, True])
def test_index_and_home(
    place: int, negative: int, initial: int, flag: int, falls: bool, sets: bool
) -> None:
    """Each at its edge; the position is set only where that is asked for."""
    decoder = Decoder(negative * falls | initial * sets, position=9)
    decoder.write(LINIT, 77)
    decoder.enc.on_level(place, True)
    assert bool(decoder.read(CTRL) & (XIRQ | HIRQ)) == (not falls)
    assert decoder.position == (77 if sets and not falls else 9)
    decoder.write(CTRL, negative * falls | initial * sets | flag)
    decoder.enc.on_level(place, False)
    assert decoder.read(CTRL) & (XIRQ | HIRQ) == flag * falls
    assert decoder.position == (77 if sets else 9)


@pytest.mark.parametrize("steps", [1, -1])
def test_an_index_pulse_is_a_revolution_of_its_direction(steps: int) -> None:
    """REV by DIR, unless REVMOD has it count roll-overs."""
    for mode, revolutions in ((0, steps), (REVMOD, 0)):
        decoder = Decoder(control2=mode, position=100)
        decoder.turn(steps)
        decoder.pulse(INDEX)
        assert decoder.read(REV) == revolutions & 0xFFFF


@pytest.mark.parametrize("steps", [1, -1])
@pytest.mark.parametrize("mode", [0, REVMOD])
def test_a_rolling_modulo_counter(steps: int, mode: int) -> None:
    """From UMOD:LMOD to UINIT:LINIT and back; REV with REVMOD."""
    first, last = 0x1_0005, 0x2_0009
    decoder = Decoder(control2=MOD | mode, position=last if steps > 0 else first)
    for offset, value in ((UINIT, 1), (LINIT, 5), (UMOD, 2), (LMOD, 9)):
        decoder.write(offset, value)
    decoder.turn(steps)
    assert decoder.position == (first if steps > 0 else last)
    assert decoder.read(REV) == (steps & 0xFFFF if mode else 0)
    assert decoder.read(CTRL2) & (ROIRQ | RUIRQ) == (ROIRQ if steps > 0 else RUIRQ)
    assert decoder.read(POSD) == steps & 0xFFFF
    decoder.turn(steps)
    assert decoder.position == (first + 1 if steps > 0 else last - 1)


def test_a_trigger_does_what_is_asked_of_it() -> None:
    """UPDHLD holds, UPDPOS clears POSD, REV and the position; at the rising edge."""
    for control, held, position in ((0, 0, 3), (1, 3, 3), (UPDPOS, 0, 0), (1 | UPDPOS, 3, 0)):
        decoder = Decoder(control2=control)
        decoder.turn(3)
        decoder.pulse(INDEX)
        decoder.enc.on_level(TRIGGER, True)
        assert (decoder.enc.peek(LPOSH, 2), decoder.position) == (held, position)
        assert decoder.enc.peek(POSD, 2) == position
        assert decoder.enc.peek(REV, 2) == bool(position)
        decoder.turn(2)
        decoder.enc.on_level(TRIGGER, False)
        assert decoder.position == position + 2


@pytest.mark.parametrize("offset", [UPOS, LPOS, UCOMP, LCOMP, CTRL2, CTRL])
def test_a_match_is_noticed_whatever_makes_it(offset: int) -> None:
    decoder = Decoder()
    for register, value in ((UPOS, 5), (LPOS, 6), (UCOMP, 5), (LCOMP, 6)):
        if register != offset:
            decoder.write(register, value)
    if offset in (CTRL, CTRL2):
        decoder.write(CTRL, CMPIRQ)
        decoder.write(offset, 0)
    else:
        assert not decoder.read(CTRL) & CMPIRQ
        decoder.write(offset, 5 if offset in (UPOS, UCOMP) else 6)
    assert decoder.read(CTRL) & CMPIRQ


@pytest.mark.parametrize("number", range(1, 5))
def test_each_decoder_has_its_places_at_the_crossbar(number: int) -> None:
    """XBARA1_OUT66 to 85: PHASEA, PHASEB, INDEX, HOME, TRIGGER of ENC1 to 4; matches are its inputs
    60 to 63 (MIMXRT1062.h, kXBARA1_OutputEnc1PhaseAInput, kXBARA1_InputEnc1PosMatch)."""
    system = Bench().system
    xbar = Xbara(system, iomuxc=Iomuxc(system), gpr=IomuxcGpr(system))
    enc = Enc(system, xbar=xbar, number=number)
    first = 66 + 5 * (number - 1)
    for place, bit in zip(range(4), (8, 4, 2, 1), strict=True):
        output = first + place
        shift = output % 2 * 8
        xbar.write(output // 2 * 2, 1 << shift, 2)
        assert enc.read(IMR, 2) & 0xF == bit, place
        xbar.write(output // 2 * 2, 0, 2)
    enc.write(CTRL2, UPDPOS, 2)
    enc.write(LPOS, 9, 2)
    xbar.write((first + 4) // 2 * 2, 1 << (first + 4) % 2 * 8, 2)
    assert enc.position == 0
    xbar.write(0, 59 + number, 2)
    assert not xbar.level(0)
    for offset in (UCOMP, LCOMP):
        enc.write(offset, 0, 2)
    assert xbar.level(0)
