using System;
using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Range = Antmicro.Renode.Core.Range;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// The core, and the bus as it, or another master, sees it.
    internal sealed unsafe partial class Board
    {
        /// Core and NVIC as after power-on. While standing still.
        private void ResetCore()
        {
            using(Machine.ObtainPausedState(true))
            {
                core.Reset();
                nvic.Reset();
            }
        }

        private void StartCore(uint pc, uint sp, uint vectors)
        {
            defaultMap ??= new DefaultMap(core, nvic, bus);
            defaultMap.Reset();
            core.VectorTableOffset = vectors;
            core.SP = sp;
            core.PC = pc | 1;
        }

        /// The core stores into its own registers; returns what Renode shall store. One function for all that is put right
        /// there, since a peripheral can have but one.
        private uint OnCoreRegister(uint value, long offset)
        {
            switch(offset)
            {
            case SysTickControl:
            case SysTickReload:
            case SysTickValue:
                Time(); // Renode would have it count from when somebody has last asked for the time
                return value;
            case VectorTable:
                LetVectorsLeadNowhere(value);
                return value;
            default:
                return defaultMap == null ? value : defaultMap.Write(offset, value);
            }
        }

        private bool Read(ulong address, Span<byte> data, bool asCore)
        {
            var context = asCore ? core : null;
            try
            {
                switch(Answers(address, data.Length) ? data.Length : 0)
                {
                case 0:
                    return data.Length == 0;
                case 2 when address % 2 == 0:
                    return BitConverter.TryWriteBytes(data, bus.ReadWord(address, context));
                case 4 when address % 4 == 0:
                    return BitConverter.TryWriteBytes(data, bus.ReadDoubleWord(address, context));
                default:
                    bus.ReadBytes(address, data.Length, context: context).CopyTo(data);
                    return true;
                }
            }
            catch(Exception e) when(Version.IsBusFault(e))
            {
                return false;
            }
        }

        private bool Write(ulong address, Span<byte> data, bool asCore)
        {
            var context = asCore ? core : null;
            try
            {
                switch(Answers(address, data.Length) ? data.Length : 0)
                {
                case 0:
                    return data.Length == 0;
                case 2 when address % 2 == 0:
                    bus.WriteWord(address, BitConverter.ToUInt16(data), context);
                    return true;
                case 4 when address % 4 == 0:
                    bus.WriteDoubleWord(address, BitConverter.ToUInt32(data), context);
                    return true;
                default:
                    bus.WriteBytes(data.ToArray(), address, context: context);
                    return true;
                }
            }
            catch(Exception e) when(Version.IsBusFault(e))
            {
                return false;
            }
        }

        /// Renode's transfers of many bytes leave out those at which there is nothing.
        private bool Answers(ulong address, int count)
        {
            return count > 0 && bus.WhatPeripheralIsAt(address) != null && bus.WhatPeripheralIsAt(address + (ulong)count - 1) != null;
        }

        private DefaultMap defaultMap;

        private const long SysTickControl = 0x10, SysTickReload = 0x14, SysTickValue = 0x18, VectorTable = 0xD08;
        private static readonly Range CoreRegisters = new Range((ulong)SysTickControl, (ulong)(DefaultMap.End - SysTickControl));
    }
}
