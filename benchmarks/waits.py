"""What waiting costs: wall time of one sector erase, and of `time.sleep(10)`, on real firmware.

One machine at its prompt; the script's wall time, with the time of an empty script subtracted.
"""

from __future__ import annotations

from measure import arguments, show, timed

from xipsim import Machine

ERASE = "f.ioctl(6, 200)"
SLEEP = "time.sleep(10)"


def main() -> None:
    args = arguments(__doc__, runs=9)
    with Machine(args.board, firmware=args.image) as m:
        m.exec(f"import time\nfrom {args.module} import Flash\nf = Flash()")
        typical = m.flash.info["times"]["erase_4k"] / 1e6
        empty = sorted(timed(lambda: m.exec("pass"), args.runs))[args.runs // 2]
        for name, script, runs in (
            (f"one sector erase of {typical:g} ms", ERASE, args.runs),
            ("time.sleep(10)", SLEEP, 3),
        ):
            seconds = timed(lambda script=script: m.exec(script, timeout="30s"), runs)
            show(name, [value - empty for value in seconds])
        show("for comparison: an empty script at the REPL", [empty])


if __name__ == "__main__":
    main()
