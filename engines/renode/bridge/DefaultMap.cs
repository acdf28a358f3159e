using System;
using System.Collections.Generic;
using System.Linq;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Peripherals.IRQControllers;
using Range = Antmicro.Renode.Core.Range;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// ARMv8-M's default memory map lets code run at 0x80000000-0x9FFFFFFF, where an Alif has its MRAM; Renode's does not.
    /// Where that is so, the firmware's MPU registers are kept here, and the core's own regions say what both together
    /// mean: those of the firmware, and for what they leave to the default map, some more.
    internal sealed class DefaultMap
    {
        public DefaultMap(CortexM core, NVIC nvic, IBusController bus)
        {
            this.core = core;
            if(!core.IsV8 || core.TrustZoneEnabled || core.NumberOfMPURegions == 0 || core.TryTranslateAddress(First, MpuAccess.InstructionFetch, out _))
            {
                return;
            }
            bases = new uint[core.NumberOfMPURegions];
            limits = new uint[core.NumberOfMPURegions];
            core.NumberOfMPURegions = 2 * core.NumberOfMPURegions + 1; // between and around the firmware's
            bus.SetHookAfterPeripheralRead<uint>(nvic, (value, offset) => Read(offset), new Range((ulong)Type, (ulong)(End - Type)));
        }

        /// After each reset of the core.
        public void Reset()
        {
            if(bases != null)
            {
                Array.Clear(limits, 0, limits.Length);
                control = number = 0;
                Apply();
            }
        }

        private uint Read(long offset)
        {
            switch(offset)
            {
            case Type:
                return (uint)bases.Length << 8;
            case Control:
                return control;
            case Number:
                return number;
            default:
                return Index(offset) < bases.Length ? Column(offset)[Index(offset)] : 0;
            }
        }

        /// What the core gets instead.
        public uint Write(long offset, uint value)
        {
            if(bases == null || offset < Type)
            {
                return value;
            }
            switch(offset)
            {
            case Type:
                break;
            case Control:
                control = value & 7;
                Apply();
                return core.PmsaV8Ctrl;
            case Number:
                number = value & 0xFF;
                return core.NumberOfMPURegions;
            default:
                if(Index(offset) < bases.Length)
                {
                    Column(offset)[Index(offset)] = value;
                    Apply();
                }
                break;
            }
            return value; // to a region that the core does not have
        }

        /// The aliases are the other three of the four regions among which the chosen one is.
        private long Index(long offset) => offset < Alias1Base ? number : (number & ~3u) + (offset - Base) / 8;

        private uint[] Column(long offset) => (offset - Base) % 8 == 0 ? bases : limits;

        private void Apply()
        {
            var on = (control & Enable) != 0;
            var regions = on ? Enabled().Concat(Left()) : Everything;
            var index = 0u;
            foreach(var (first, last) in regions.Concat(Enumerable.Repeat((0u, 0u), (int)core.NumberOfMPURegions)).Take((int)core.NumberOfMPURegions).ToList())
            {
                core.PmsaV8Rnr = index++;
                core.PmsaV8Rbar = first;
                core.PmsaV8Rlar = last;
            }
            core.PmsaV8Rnr = core.NumberOfMPURegions;
            core.PmsaV8Ctrl = control | Enable;
        }

        private IEnumerable<(uint first, uint last)> Enabled() => bases.Zip(limits, (first, last) => (first, last)).Where(r => (r.last & Enable) != 0);

        /// What the firmware's regions leave of the range, for privileged code, if it has the default map there.
        private IEnumerable<(uint first, uint last)> Left()
        {
            var start = First;
            foreach(var (first, last) in Enabled().OrderBy(r => r.first).Append((Last + 1, uint.MaxValue)))
            {
                var (from, to) = (first & ~Flags, last | Flags);
                if((control & PrivilegedDefault) != 0 && from > start && start < Last)
                {
                    yield return (start, Math.Min(from - 1, Last) & ~Flags | Enable);
                }
                if(from > Last)
                {
                    yield break;
                }
                start = to >= start ? Math.Min(to, Last) + 1 : start;
            }
        }

        /// Behind the last of the MPU's registers.
        public const long End = Alias3Limit + 4;

        private readonly CortexM core;
        private readonly uint[] bases, limits;
        private uint control, number;

        private const uint First = 0x80000000, Last = 0x9FFFFFFF;
        private const uint Enable = 1, PrivilegedDefault = 4, Flags = 0x1F;
        private const uint AnyoneWrites = 2, NeverExecute = 1, Shareable = 0x10; // of a region's base
        private const long Type = 0xD90, Control = 0xD94, Number = 0xD98, Base = 0xD9C, Alias1Base = 0xDA4, Alias3Limit = 0xDB8;

        /// The whole map, while the MPU is off.
        private static readonly (uint first, uint last)[] Everything = { (AnyoneWrites, Last & ~Flags | Enable), (Last + 1 | AnyoneWrites | NeverExecute | Shareable, ~Flags | Enable) };
    }
}
