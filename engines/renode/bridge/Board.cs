using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using Antmicro.Renode.Core;
using Antmicro.Renode.Core.Structure;
using Antmicro.Renode.Exceptions;
using Antmicro.Renode.Logging;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Peripherals.IRQControllers;
using Antmicro.Renode.Peripherals.Memory;
using Range = Antmicro.Renode.Core.Range;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// The machine whose peripherals are Python models: built when its core first leaves reset.
    internal sealed unsafe partial class Board
    {
        /// The board of `machine`; its first model makes it.
        public static Board Of(IMachine machine)
        {
            Current ??= new Board(machine);
            if(Current.Machine != machine)
            {
                throw new ConstructionException("xipsim: one machine in an emulation can have Python models; there is one already");
            }
            return Current;
        }

        public static Board Current { get; private set; }

        public readonly IMachine Machine;

        private Board(IMachine machine)
        {
            Machine = machine;
            Python.Start(Exchange());
            AddClock();
            foreach(var cpu in machine.SystemBus.GetCPUs())
            {
                Follow(cpu);
            }
            machine.PeripheralsChanged += (_, change) => Follow(change.Peripheral as ICPU);
            machine.MachineReset += _ => OnMachineReset();
            machine.StateChanged += (_, change) => OnMachineState(change.CurrentState);
        }

        private void OnMachineState(MachineStateChangedEventArgs.State state)
        {
            if(state == MachineStateChangedEventArgs.State.Disposed)
            {
                End();
            }
            else if(state == MachineStateChangedEventArgs.State.Started && refusal != null)
            {
                core.Log(LogLevel.Error, "{0}", refusal); // Renode starts all the same when it is told to again
            }
        }

        /// The machine is gone. In Renode its clock goes on all the same, and SysTick would call a core that is not there.
        private void End()
        {
            foreach(var entry in Machine.ClockSource.GetAllClockEntries().ToList())
            {
                Machine.ClockSource.TryRemoveClockEntry(entry.Handler);
            }
            ForgetOthers();
            Current = null;
        }

        public int Add(Model model)
        {
            var wrong = Said(guest->Check, model.Type, model.Parameters);
            if(wrong != null)
            {
                throw new ConstructionException(wrong);
            }
            models.Add(model);
            return models.Count - 1;
        }

        /// Have the file's bytes in that entry at power-on; what is wrong with that, or null.
        public string Load(string entry, string file)
        {
            return built ? "xipsim: the machine has been started already" : Said(guest->Load, entry, file);
        }

        private void Follow(ICPU cpu)
        {
            if(core == null && cpu is CortexM found)
            {
                core = found;
                core.Halted += OnHalted;
                core.StateChanged += (_, before, after) => { if(before == EmulationCPUState.InReset && after == EmulationCPUState.Running) { Build(); } };
            }
        }

        /// Everything is there, registered and wired: make the Python models of it.
        private void Build()
        {
            if(built)
            {
                return;
            }
            built = true;
            bus = Machine.SystemBus;
            nvic = Machine.GetPeripheralsOfType<NVIC>().First();
            var wrong = Said(guest->Build, Description());
            if(wrong != null)
            {
                Refuse(wrong);
            }
            // What the core itself does not have of its private bus reads as zero, and is no fault.
            PlaceTag("ppb", new Port(), PrivateBus, PrivateBusSize);
            var resetRequest = Version.ResetRequest(nvic);
            resetRequest?.Connect(new ResetRequest(this), 0);
            if(!Version.TryEnableBusFaults(bus) || resetRequest == null)
            {
                if(core.IsV8)
                {
                    Refuse("xipsim: this Renode is too old for a Cortex-M55; take 1.17 or later");
                }
                core.Log(LogLevel.Warning, "xipsim: this Renode is too old for bus faults and for resets by the firmware; take 1.17 or later");
            }
            core.AddHookAtInterruptBegin(OnException);
            LetFetchesFault();
            bus.SetHookBeforePeripheralWrite<uint>(nvic, OnCoreRegister, CoreRegisters);
            // A reset looks for vectors somewhere, and the core locks up where there is nothing.
            core.InitVectorTableOffset = (uint)FirstMemory();
            MindOthers();
            StandBeforeFirstInstruction();
        }

        /// The machine cannot be built: its core executes nothing.
        private void Refuse(string why)
        {
            built = false;
            refusal = why;
            core.IsHalted = true;
            throw new RecoverableException(why);
        }

        private void OnHalted(HaltArguments why)
        {
            if(built && why.Reason == HaltReason.Abort && core.OnPossessedThread)
            {
                Python.Pin();
                guest->Aborted();
            }
        }

        private void OnMachineReset()
        {
            if(built)
            {
                Python.Pin();
                guest->MachineReset();
                StandBeforeFirstInstruction();
            }
        }

        private string Description()
        {
            var places = bus.GetRegisteredPeripherals().ToLookup(r => (IPeripheral)r.Peripheral, r => r.RegistrationPoint);
            var memories = Machine.GetPeripheralsOfType<MappedMemory>().Select(memory => Json.Map(
                ("name", Name(memory)), ("size", memory.Size), ("at", places[memory].Select(p => p.Range.StartAddress).ToArray())));
            return Json.Map(
                ("cpu", core.Model), ("models", Json.List(models.Select(m => Describe(m, places[m])))), ("memories", Json.List(memories)),
                ("tags", Json.List(Tags().Select(t => Json.Map(("name", t.Value.Name), ("start", t.Key.StartAddress), ("size", t.Key.Size), ("value", t.Value.DefaultValue))))));
        }

        private string Describe(Model model, IEnumerable<BusRangeRegistration> places)
        {
            var registers = places.Where(p => !(p is BusMultiRegistration)).Select(p => p.Range.StartAddress).ToArray();
            var regions = places.OfType<BusMultiRegistration>().Select(p => new object[] { p.ConnectionRegionName, p.Range.StartAddress, p.Range.Size }).ToArray();
            var slots = Machine.GetParentPeripherals(model).OfType<Model>().SelectMany(parent => Machine.GetPeripheralRegistrationPoints(parent, model)
                .OfType<NumberRegistrationPoint<int>>().Select(point => new object[] { parent.Id, point.Address })).ToArray();
            return Json.Map(
                ("name", Name(model)), ("type", model.Type), ("parameters", new Json.Raw { Text = model.Parameters }), ("registers", registers),
                ("regions", regions), ("slots", slots), ("inputs", model.Inputs.Select(i => new object[] { i.Key, i.Value }).ToArray()));
        }

        private string Name(IPeripheral peripheral) => Machine.TryGetLocalName(peripheral, out var name) ? name : "";

        private IEnumerable<KeyValuePair<Range, SystemBus.TagEntry>> Tags() => ((SystemBus)bus).Tags.ToList();

        /// Put a range that has only a name where nothing else answers.
        private void PlaceTag(string name, Port port, ulong start, ulong size)
        {
            foreach(var gap in Gaps(start, size).ToList())
            {
                var tag = new Tag(this, port, (long)(gap.StartAddress - start), (long)gap.Size);
                bus.Register(tag, new BusRangeRegistration(gap.StartAddress, gap.Size));
                Machine.SetLocalName(tag, gap.StartAddress == start ? name : $"{name}_{gap.StartAddress:X8}");
            }
        }

        /// What nothing is registered at, of a range.
        private IEnumerable<Range> Gaps(ulong start, ulong size)
        {
            var taken = bus.GetRegisteredPeripherals().Select(r => r.RegistrationPoint.Range).Where(r => r.StartAddress < start + size && r.EndAddress >= start);
            var first = start;
            foreach(var range in taken.OrderBy(r => r.StartAddress).Append(new Range(start + size, 1)).ToList())
            {
                if(range.StartAddress > first)
                {
                    yield return new Range(first, range.StartAddress - first);
                }
                first = Math.Max(first, range.EndAddress + 1);
            }
        }

        private static string Said(delegate* unmanaged<byte*, byte*> function, string text)
        {
            Python.Pin();
            fixed(byte* bytes = Utf8(text))
            {
                return Marshal.PtrToStringUTF8((IntPtr)function(bytes));
            }
        }

        private static string Said(delegate* unmanaged<byte*, byte*, byte*> function, string first, string second)
        {
            Python.Pin();
            fixed(byte* one = Utf8(first), other = Utf8(second))
            {
                return Marshal.PtrToStringUTF8((IntPtr)function(one, other));
            }
        }

        private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text + "\0");

        private readonly List<Model> models = new List<Model>();
        private CortexM core;
        private NVIC nvic;
        private IBusController bus;
        private bool built;
        private string refusal;

        private const ulong PrivateBus = 0xE0000000, PrivateBusSize = 0x100000;

        /// The firmware writes SYSRESETREQ.
        private sealed class ResetRequest : IGPIOReceiver
        {
            public ResetRequest(Board board)
            {
                this.board = board;
            }

            public void OnGPIO(int number, bool level)
            {
                if(level)
                {
                    board.Enter(() => guest->ResetRequest());
                }
            }

            public void Reset()
            {
            }

            private readonly Board board;
        }
    }
}
