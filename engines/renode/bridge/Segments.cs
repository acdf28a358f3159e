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
        private int AddWindow(int model, ulong address, ulong size)
        {
            windows.Add(new Window(models[model], address, size));
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
                core.SetMappedMemoryEnabled(window.Range, false);
                // Mapped, it has lost what AddWindow has said of it.
                core.RegisterAccessFlags(window.StartingOffset, window.Size, isIoMemory: true);
            }
            core.SetMappedMemoryEnabled(range, on);
            if(on && !writable)
            {
                Version.ProtectMemory(core, range);
            }
            core.RegisterAccessFlags(range.StartAddress, range.Size, isIoMemory: !on);
            DropTranslations(window, start, size);
        }

        private void DropTranslations(Window window, ulong start, ulong size)
        {
            core.OrderTranslationBlocksInvalidation((IntPtr)(window.StartingOffset + start), (IntPtr)(window.StartingOffset + start + size));
        }

        private readonly List<Window> windows = new List<Window>();

        private sealed class Window : IMappedSegment
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

            private const ulong HostPage = 4096;
        }
    }
}
