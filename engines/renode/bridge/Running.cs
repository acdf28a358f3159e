using System;
using System.Collections.Concurrent;
using System.Linq;
using Antmicro.Renode.Core;
using Antmicro.Renode.Logging;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Peripherals.Memory;
using Antmicro.Renode.Time;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// How accesses reach Python, how time passes, and how the machine stands still between two instructions.
    ///
    /// Renode calls the handler of a clock entry when its time has come: between two instructions, or in the
    /// middle of an access that asked for the time. Only the former is a place to stand still.
    internal sealed unsafe partial class Board
    {
        public ulong Read(Port port, long offset, int size)
        {
            if(port.Read == null)
            {
                return 0;
            }
            var fromCore = core.OnPossessedThread;
            var word = fromCore ? Reached(port, offset, size) : null;
            if(word != null && word.IsReadStored)
            {
                return port.Words.Read(word);
            }
            lock(gate)
            {
                Begin();
                var value = word != null && word.Reader != IntPtr.Zero ? port.Words.Read(word) : fromCore && !IsProbe(size) ? port.Read(0, offset, size) : port.Peek(0, offset, size);
                End(fromCore);
                Check();
                return value;
            }
        }

        public void Write(Port port, long offset, int size, uint value)
        {
            if(port.Write == null)
            {
                return;
            }
            var fromCore = core.OnPossessedThread;
            var word = fromCore ? Reached(port, offset, size) : null;
            if(word != null && word.IsWriteStored)
            {
                port.Words.Write(word, value);
                return;
            }
            lock(gate)
            {
                Begin();
                if(word != null && word.Writer != IntPtr.Zero)
                {
                    port.Words.Write(word, value);
                }
                else
                {
                    port.Write(0, offset, value, size);
                }
                End(fromCore);
                Check();
            }
        }

        /// tlib fetches a byte to learn about a page; the core fetches halfwords.
        private bool IsProbe(int size) => size == 1 && core.CurrentBlockDisassemblyFlags == NoBlock;

        /// The core has an access to it: what is known of the whole register there. Where that only holds a value no model is
        /// called, nothing becomes due, and Python's own lock is enough.
        private Word Reached(Port port, long offset, int size)
        {
            DropKept(port);
            return size == WordSize ? port.Words?.Find(offset) : null;
        }

        public void Input(int model, int number, bool level)
        {
            if(built)
            {
                Enter(() => guest->Input(model, number, level ? 1 : 0));
            }
        }

        /// From any thread: the model gets it when the machine next stands between two instructions.
        public void Typed(int model, byte character) => typed.Enqueue((model, character));

        /// Call into Python; not for what happens at every access.
        private void Enter(Action call)
        {
            lock(gate)
            {
                Begin();
                call();
                End(core.OnPossessedThread);
            }
        }

        private void Begin()
        {
            Python.Pin();
            Words.MayHaveAsked = true;
            depth++;
        }

        /// Look after what became due while Python was at work.
        private void End(bool fromCore)
        {
            if(--depth > 0 || !fromCore)
            {
                return;
            }
            if(due || late)
            {
                wantsToStand |= late; // with which the core gives its time back, and goes last again
                due = late = false;
                guest->Clock();
            }
            if(wantsToStand)
            {
                LeaveAfterInstruction();
            }
        }

        /// An access that Python has refused ends in a bus fault.
        private void Check()
        {
            if(!refusedAccess)
            {
                return;
            }
            refusedAccess = false;
            refusedFetch = core.OnPossessedThread && core.CurrentBlockDisassemblyFlags == NoBlock;
            Version.ThrowBusFault();
        }

        // -- time --------------------------------------------------------------------------------

        private void AddClock()
        {
            Machine.ClockSource.AddClockEntry(new ClockEntry(1, TimeInterval.TicksPerSecond, OnClock, Machine, "xipsim", enabled: false, workMode: WorkMode.OneShot));
        }

        private ulong Time()
        {
            if(core.OnPossessedThread)
            {
                core.SyncTime(); // without it: the time of the last block that has ended
            }
            return Machine.ElapsedVirtualTime.TimeElapsed.TotalNanoseconds - began;
        }

        /// Have OnClock called at `time`, virtual ns.
        private void Arm(ulong time)
        {
            var now = Time();
            var span = time > now ? time - now : 1;
            Machine.ClockSource.ExchangeClockEntryWith(OnClock, e => e.With(enabled: true, period: span, value: 0));
            core.RequestReturn(); // otherwise the instructions under way overshoot it
        }

        private void Disarm() => Machine.ClockSource.ExchangeClockEntryWith(OnClock, e => e.With(enabled: false));

        /// ns until the first clock entry of Renode's own.
        private ulong NextOfRenode()
        {
            var next = ulong.MaxValue;
            foreach(var entry in Machine.ClockSource.GetAllClockEntries().Where(e => e.Enabled && e.Handler != OnClock))
            {
                var left = entry.Direction == Direction.Ascending ? entry.Period - entry.Value : entry.Value;
                var ticks = left * (decimal)TimeInterval.TicksPerSecond / (entry.Frequency * entry.Step);
                next = Math.Min(next, ticks < ulong.MaxValue ? (ulong)ticks : ulong.MaxValue);
            }
            return next;
        }

        /// Let time go to `time` without executing anything; OnClock is called then.
        private void SkipTo(ulong time)
        {
            var now = Time();
            if(time <= now)
            {
                time = now + 1;
            }
            var whole = Math.Max(1000 / core.PerformanceInMips, 1);
            core.SkipTime(TimeInterval.FromNanoseconds(time - now + whole - 1));
            if(!standing)
            {
                LeaveBlock();
                core.RequestReturn();
            }
        }

        private void OnClock()
        {
            if(IsOnOthersThread)
            {
                late = true;
            }
            else if(Outside)
            {
                LookAfterAll();
            }
            else if(depth > 0)
            {
                due = true;
            }
            else
            {
                // Somebody else's peripheral asked for the time.
                wantsToStand = true;
                LeaveAfterInstruction();
            }
        }

        /// Between two instructions: what has become due, what was typed, and who wants the machine to stand still.
        private void LookAfterAll()
        {
            lock(gate)
            {
                Begin();
                standing = true;
                late = false; // before the clock is looked at: another thread may set it again
                while(typed.TryDequeue(out var key))
                {
                    guest->Typed(key.model, key.character);
                }
                guest->Clock();
                TellFaults();
                while(wantsToStand)
                {
                    wantsToStand = false;
                    firstInstruction();
                    firstInstruction = delegate { };
                    guest->Stand();
                }
                standing = due = false;
                depth--;
            }
        }

        private bool Outside => depth == 0 && !(bus.TryGetTransactionInitiator(out var initiator) && initiator is ICPU);

        // -- standing still ----------------------------------------------------------------------

        private void AskToStand()
        {
            wantsToStand = true;
            if(!core.OnPossessedThread)
            {
                Arm(0); // nobody looks after it at the end of an access
            }
        }

        private void LeaveAfterInstruction()
        {
            LeaveBlock();
            Arm(0);
        }

        /// End the block under way after the store that it is at; after a load it goes on to its end, or to a store.
        /// `RequestTranslationBlockRestart` would do so, too, but as a fault: then Renode's own threads hand time over anew.
        private void LeaveBlock()
        {
            if(!core.OnPossessedThread)
            {
                return;
            }
            if(core.CurrentBlockDisassemblyFlags == NoBlock)
            {
                // A fetch: an exception would throw away the block that is being made, to fetch it again, and so for ever.
                core.RequestReturn();
                return;
            }
            core.RaiseException(hasOthers ? ReturnRequested : Interrupted);
        }

        /// The machine is about to start. Renode lets time pass only with an instruction, so one is put into RAM
        /// that does nothing.
        private void StandBeforeFirstInstruction()
        {
            var ram = FirstMemory();
            var there = bus.ReadWord(ram);
            bus.WriteWord(ram, Nop);
            core.PC = ram | 1;
            firstInstruction = () =>
            {
                bus.WriteWord(ram, there);
                if(began == 0)
                {
                    began = Time(); // power-on, for the models: that instruction was before it
                }
            };
            wantsToStand = true;
            Arm(0);
        }

        private ulong FirstMemory()
        {
            return Machine.GetPeripheralsOfType<MappedMemory>().SelectMany(m => bus.GetRegistrationPoints(m)).Min(p => p.Range.StartAddress);
        }

        private bool due, wantsToStand, standing;
        private int depth;
        private ulong began;
        private Action firstInstruction = delegate { };
        private readonly object gate = new object();
        private readonly ConcurrentQueue<(int model, byte character)> typed = new ConcurrentQueue<(int, byte)>();

        /// Set where Python refuses an access.
        private static bool refusedAccess;

        private const int WordSize = 4;
        private const uint NoBlock = uint.MaxValue; // as tlib says it
        private const uint Interrupted = 0x10000; // no exception of the core's: EXCP_INTERRUPT, by which execution is left
        private const uint ReturnRequested = 0x10005; // the same, and the core gives back what it has not used of its time
        private const ushort Nop = 0xBF00; // a branch to itself would be taken for WFI
    }
}
