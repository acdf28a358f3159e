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
        private int AddWindow(int model, int port, ulong address, ulong size)
        {
            var window = new Window(models[model], address, size);
            windows.Add(window);
            models[model].Ports[port].Windows.Add(window);
            // What is not served natively, code is fetched from as the model answers.
            core.RegisterAccessFlags(address, size, isIoMemory: true);
            return windows.Count - 1;
        }

        /// While standing still: switched in the middle of an instruction, the block under way is gone, and with
        /// it what a fault, or leaving the block, needs.
        private void SwitchWindow(int number, ulong start, ulong size, bool on, bool writable)
        {
            var window = windows[number];
            var range = new Range(window.StartingOffset + start, size);
            if(!window.Mapped)
            {
                // As a whole, and only once: of several mappings of an address Renode takes the memory of the first.
                window.Mapped = true;
                bus.MapMemory(window, (IBusPeripheral)window.Owner, relative: false);
                // Mapped, it has lost what AddWindow has said of it.
                core.RegisterAccessFlags(window.StartingOffset, window.Size, isIoMemory: true);
            }
            // The core looks at its pages' flags first when it fills its TLB. SetMappedMemoryEnabled would do as well, but pauses
            // the machine, and takes pages away one by one.
            if(!on)
            {
                window.Kept.Add(range);
            }
            else if(!window.Kept.Remove(range))
            {
                DropKept(window);
                Drop(range);
                Version.MapMemory(core, range, writable);
            }
            core.RegisterAccessFlags(range.StartAddress, range.Size, isIoMemory: !on);
            core.FlushTlb();
        }

        /// Code from a window that is not served natively is what the model answers, not what was translated before. Firmware that
        /// writes its flash looks at none of it meanwhile, and goes on with what it had. The core, which has no more pages of it at
        /// hand, asks the model for a byte before it looks for a translation.
        private void DropKept(Port port)
        {
            foreach(var window in port.Windows)
            {
                DropKept(window);
            }
        }

        private void DropKept(Window window)
        {
            window.Kept.ForEach(Drop);
            window.Kept.Clear();
        }

        private void Drop(Range range) => core.OrderTranslationBlocksInvalidation((IntPtr)range.StartAddress, (IntPtr)(range.EndAddress + 1));

        private readonly List<Window> windows = new List<Window>();

        internal sealed class Window : IMappedSegment
        {
            public Window(Model owner, ulong address, ulong size)
            {
                Owner = owner;
                StartingOffset = address;
                Size = size;
                // The JIT maps whole pages. Not given back: the core may still use it when the machine is gone. What is
                // not written takes no memory.
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
            /// What is not served natively, but whose pages and translations are still as they were.
            public readonly List<Range> Kept = new List<Range>();

            private const ulong HostPage = 4096;
        }
    }
}
