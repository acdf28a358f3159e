using System.Collections.Generic;
using System.Linq;
using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Range = Antmicro.Renode.Core.Range;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// Faults of the core, as they are when it takes them. Python looks at them when the core is in the handler, or has
    /// locked up instead: a moment later, between two instructions.
    internal sealed unsafe partial class Board
    {
        private void OnException(ulong kind)
        {
            core.SetEventFlag(true); // tlib does so for SEV alone
            if(!FaultKinds.Contains(kind))
            {
                return;
            }
            if(kind == BusFault)
            {
                TellFetches();
            }
            frames.Enqueue(FrameRegisters.Select(number => (uint)core.GetRegister(number).RawValue).ToArray());
            depth++; // what Arm makes due waits
            Arm(0);
            depth--;
        }

        private void TellFaults()
        {
            while(frames.TryDequeue(out var frame))
            {
                fixed(uint* values = frame)
                {
                    guest->Fault(values, frames.Count == 0 && Version.IsLockedUp(core) ? 1 : 0);
                }
            }
        }

        /// Code fetched from where nothing is: a core that asks the bus for it takes a bus fault, else it is given up.
        private void LetFetchesFault()
        {
            foreach(var gap in Executable.SelectMany(range => Gaps(range.StartAddress, range.Size)).ToList())
            {
                core.RegisterAccessFlags(gap.StartAddress, gap.Size, isIoMemory: true);
            }
        }

        /// Renode has only errors of data; its address is the last one of the block that was to be translated.
        private void TellFetches()
        {
            if(refusedFetch || bus.WhatPeripheralIsAt(core.PC.RawValue, core) == null)
            {
                core.FaultStatus = core.FaultStatus & ~DataError | FetchError;
            }
            refusedFetch = false;
        }

        /// Renode ignores a VTOR at which there is nothing.
        private void LetVectorsLeadNowhere(uint address)
        {
            if(bus.WhatPeripheralIsAt(address & Vectors, core) == null)
            {
                Version.SetVectors(core, address & Vectors);
            }
        }

        /// Set where Python refuses a fetch.
        private bool refusedFetch;

        private readonly Queue<uint[]> frames = new Queue<uint[]>();

        /// Where the default memory map lets code run.
        private static readonly Range[] Executable = { new Range(0, 0x40000000), new Range(0x60000000, 0x40000000) };

        /// r0 to r3, r12, lr, pc, xpsr, sp: `core.py` has the same.
        private static readonly int[] FrameRegisters = { 0, 1, 2, 3, 12, 14, 15, 25, 13 };

        /// Numbers of tlib's own: EXCP_UDEF, PREFETCH_ABORT, DATA_ABORT, NOCP, INVSTATE, SECURE, DIV_0, BUS_FAULT.
        private static readonly HashSet<ulong> FaultKinds = new HashSet<ulong> { 1, 3, 4, 17, 18, 19, 20, BusFault };

        private const ulong BusFault = 21;
        private const uint DataError = 0x8200, FetchError = 0x100; // of CFSR: BFARVALID and PRECISERR, IBUSERR
        private const uint Vectors = 0xFFFFFF80; // of VTOR
    }
}
