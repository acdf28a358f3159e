using System;
using System.Runtime.InteropServices;
using Antmicro.Renode.Core;
using Antmicro.Renode.Logging;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Range = Antmicro.Renode.Core.Range;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// What both sides can call: plain C functions, whoever hosts whom. `calls.py` has the same two tables.
    internal sealed unsafe partial class Board
    {
        [StructLayout(LayoutKind.Sequential)]
        private struct Guest // functions of Python's, that it leaves here
        {
            public delegate* unmanaged<byte*, byte*, byte*> Check;
            public delegate* unmanaged<byte*, byte*> Build;
            public delegate* unmanaged<byte*, byte*, byte*> Load;
            public delegate* unmanaged<int, int, int, void> Input;
            public delegate* unmanaged<int, int, void> Typed;
            public delegate* unmanaged<void> Clock;
            public delegate* unmanaged<void> Stand;
            public delegate* unmanaged<void> ResetRequest;
            public delegate* unmanaged<void> MachineReset;
            public delegate* unmanaged<void> Aborted;
            public delegate* unmanaged<uint*, int, void> Fault;
        }

        [StructLayout(LayoutKind.Sequential)]
        private struct Host // functions of the board's
        {
            public delegate* unmanaged<int, int, IntPtr, IntPtr, IntPtr, void> Port;
            public delegate* unmanaged<int, long, IntPtr, IntPtr, IntPtr, IntPtr, void> Words;
            public delegate* unmanaged<byte*, ulong, ulong, IntPtr, IntPtr, void> Tag;
            public delegate* unmanaged<void> Refuse;
            public delegate* unmanaged<int, int, int, void> Line;
            public delegate* unmanaged<int, byte*, int, void> Sent;
            public delegate* unmanaged<ulong> Now;
            public delegate* unmanaged<ulong, void> Arm;
            public delegate* unmanaged<void> Disarm;
            public delegate* unmanaged<ulong> NextOfRenode;
            public delegate* unmanaged<ulong, void> SkipTo;
            public delegate* unmanaged<void> Enter;
            public delegate* unmanaged<int, int, ulong, ulong, int> AddWindow;
            public delegate* unmanaged<int, IntPtr> WindowMemory;
            public delegate* unmanaged<int, ulong, ulong, int, int, void> SwitchWindow;
            public delegate* unmanaged<int, ulong, ulong, void> DropTranslations;
            public delegate* unmanaged<int, uint> Register;
            public delegate* unmanaged<uint, uint, uint, void> StartCore;
            public delegate* unmanaged<void> ResetCore;
            public delegate* unmanaged<void> RaiseNmi;
            public delegate* unmanaged<int, int, void> Interrupt;
            public delegate* unmanaged<ulong, byte*, int, int, int> ReadBus;
            public delegate* unmanaged<ulong, byte*, int, int, int> WriteBus;
            public delegate* unmanaged<int, byte*, void> Log;
            public delegate* unmanaged<void> Pause;
        }

        /// The memory in which the two tables lie: Host, then Guest.
        private static IntPtr Exchange()
        {
            var host = (Host*)Marshal.AllocHGlobal(sizeof(Host) + sizeof(Guest));
            guest = (Guest*)(host + 1);
            *host = new Host
            {
                Port = &SetPort, Words = &SetWords, Tag = &SetTag, Refuse = &SetRefused, Line = &SetLine, Sent = &SetSent,
                Now = &GetNow, Arm = &SetArm, Disarm = &SetDisarm, NextOfRenode = &GetNextOfRenode, SkipTo = &SetSkipTo,
                Enter = &SetEnter, AddWindow = &GetWindow, WindowMemory = &GetWindowMemory, SwitchWindow = &SetWindow,
                DropTranslations = &SetStale, Register = &GetRegister, StartCore = &SetCore, ResetCore = &SetCoreReset,
                RaiseNmi = &SetNmi, Interrupt = &SetInterrupt, ReadBus = &ReadFromBus, WriteBus = &WriteToBus, Log = &SetLog, Pause = &SetPause,
            };
            return (IntPtr)host;
        }

        /// What would escape here would end the process.
        private static void Guarded(Action action)
        {
            try
            {
                action();
            }
            catch(Exception e)
            {
                Current.core.Log(LogLevel.Error, "xipsim: {0}", e);
            }
        }

        private static T Guarded<T>(Func<T> function)
        {
            var value = default(T);
            Guarded(() => { value = function(); });
            return value;
        }

        [UnmanagedCallersOnly]
        private static void SetPort(int model, int number, IntPtr read, IntPtr write, IntPtr peek)
        {
            var port = Current.models[model].Ports[number];
            port.Read = (delegate* unmanaged<int, long, int, ulong>)read;
            port.Write = (delegate* unmanaged<int, long, ulong, int, void>)write;
            port.Peek = (delegate* unmanaged<int, long, int, ulong>)peek;
        }

        [UnmanagedCallersOnly]
        private static void SetWords(int model, long size, IntPtr values, IntPtr find, IntPtr questions, IntPtr failed)
        {
            Current.models[model].Ports[0].Words = new Words(size, values, find, questions, failed);
        }

        [UnmanagedCallersOnly]
        private static void SetTag(byte* name, ulong start, ulong size, IntPtr read, IntPtr write)
        {
            var port = new Port
            {
                Read = (delegate* unmanaged<int, long, int, ulong>)read,
                Write = (delegate* unmanaged<int, long, ulong, int, void>)write,
                Peek = (delegate* unmanaged<int, long, int, ulong>)read,
            };
            var text = Marshal.PtrToStringUTF8((IntPtr)name);
            Guarded(() => Current.PlaceTag(text, port, start, size));
        }

        [UnmanagedCallersOnly]
        private static void SetRefused() => refusedAccess = true;

        [UnmanagedCallersOnly]
        private static void SetLine(int model, int line, int level) => Guarded(() => Current.models[model].Lines[line].Set(level != 0));

        [UnmanagedCallersOnly]
        private static void SetSent(int model, byte* characters, int count)
        {
            var bytes = new ReadOnlySpan<byte>(characters, count).ToArray();
            Guarded(() => Array.ForEach(bytes, Current.models[model].Sent));
        }

        [UnmanagedCallersOnly]
        private static ulong GetNow()
        {
            try
            {
                return Current.Time();
            }
            catch(Exception e)
            {
                Current.core.Log(LogLevel.Error, "xipsim: {0}", e);
                return 0;
            }
        }

        [UnmanagedCallersOnly]
        private static void SetArm(ulong time) => Guarded(() => Current.Arm(time));

        [UnmanagedCallersOnly]
        private static void SetDisarm() => Guarded(() => Current.Disarm());

        [UnmanagedCallersOnly]
        private static ulong GetNextOfRenode() => Guarded(() => Current.NextOfRenode());

        [UnmanagedCallersOnly]
        private static void SetSkipTo(ulong time) => Guarded(() => Current.SkipTo(time));

        [UnmanagedCallersOnly]
        private static void SetEnter() => Guarded(() => Current.AskToStand());

        [UnmanagedCallersOnly]
        private static int GetWindow(int model, int port, ulong address, ulong size) => Guarded(() => Current.AddWindow(model, port, address, size));

        [UnmanagedCallersOnly]
        private static IntPtr GetWindowMemory(int number) => Current.windows[number].Pointer;

        [UnmanagedCallersOnly]
        private static void SetWindow(int number, ulong start, ulong size, int on, int writable)
        {
            Guarded(() => Current.SwitchWindow(number, start, size, on != 0, writable != 0));
        }

        [UnmanagedCallersOnly]
        private static void SetStale(int number, ulong start, ulong size) => Guarded(() => Current.Drop(new Range(Current.windows[number].StartingOffset + start, size)));

        [UnmanagedCallersOnly]
        private static uint GetRegister(int number) => Guarded(() => (uint)Current.core.GetRegister(number).RawValue);

        [UnmanagedCallersOnly]
        private static void SetCore(uint pc, uint sp, uint vectors) => Guarded(() => Current.StartCore(pc, sp, vectors));

        [UnmanagedCallersOnly]
        private static void SetCoreReset() => Guarded(() => Current.ResetCore());

        [UnmanagedCallersOnly]
        private static void SetNmi() => Guarded(() => Current.nvic.SetPendingIRQ(NonMaskable));

        [UnmanagedCallersOnly]
        private static void SetInterrupt(int number, int level) => Guarded(() => Current.nvic.OnGPIO(number, level != 0));

        [UnmanagedCallersOnly]
        private static int ReadFromBus(ulong address, byte* data, int count, int asCore)
        {
            return Guarded(() => Current.Read(address, new Span<byte>(data, count), asCore != 0) ? 1 : 0);
        }

        [UnmanagedCallersOnly]
        private static int WriteToBus(ulong address, byte* data, int count, int asCore)
        {
            return Guarded(() => Current.Write(address, new Span<byte>(data, count), asCore != 0) ? 1 : 0);
        }

        [UnmanagedCallersOnly]
        private static void SetLog(int level, byte* text)
        {
            var said = Marshal.PtrToStringUTF8((IntPtr)text);
            Guarded(() => Current.core.Log((LogLevel)level, "{0}", said));
        }

        [UnmanagedCallersOnly]
        private static void SetPause() => Guarded(() => Current.Machine.PauseAndRequestEmulationPause());

        private static Guest* guest;

        private const int NonMaskable = 2; // the number of its exception
    }
}
