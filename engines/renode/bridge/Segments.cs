using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Range = Antmicro.Renode.Core.Range;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// Parts of windows that the core reads and fetches from at native speed.
    internal sealed unsafe partial class Board
    {
        private int AddSegment(int model, ulong address, ulong size)
        {
            segments.Add(new Segment(models[model], address, size));
            return segments.Count - 1;
        }

        /// While standing still: switched in the middle of an instruction, the block under way is gone, and with
        /// it what a fault, or leaving the block, needs.
        private void SwitchSegment(int number, bool on)
        {
            var segment = segments[number];
            if(on && !segment.Mapped)
            {
                segment.Mapped = true;
                bus.MapMemory(segment, (IBusPeripheral)segment.Owner, relative: false);
            }
            else
            {
                core.SetMappedMemoryEnabled(segment.Range, on);
            }
            // While it is off, code is fetched as the model answers.
            core.RegisterAccessFlags(segment.StartingOffset, segment.Size, isIoMemory: !on);
            DropTranslations(segment, 0, segment.Size);
        }

        private void DropTranslations(Segment segment, ulong start, ulong size)
        {
            core.OrderTranslationBlocksInvalidation((IntPtr)(segment.StartingOffset + start), (IntPtr)(segment.StartingOffset + start + size));
        }

        private readonly List<Segment> segments = new List<Segment>();

        private sealed class Segment : IMappedSegment
        {
            public Segment(Model owner, ulong address, ulong size)
            {
                Owner = owner;
                StartingOffset = address;
                Size = size;
                // The JIT maps whole pages. Not given back: the core may still use it when the machine is gone.
                var memory = (ulong)Marshal.AllocHGlobal((IntPtr)(size + HostPage));
                Pointer = (IntPtr)((memory + HostPage - 1) & ~(HostPage - 1));
            }

            public void Touch()
            {
            }

            public IntPtr Pointer { get; }

            public ulong StartingOffset { get; }

            public ulong Size { get; }

            public Range Range => new Range(StartingOffset, Size);

            public readonly Model Owner;
            public bool Mapped;

            private const ulong HostPage = 4096;
        }
    }
}
