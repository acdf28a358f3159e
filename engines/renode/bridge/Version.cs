using System;
using System.Reflection;
using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Peripherals.IRQControllers;
using Range = Antmicro.Renode.Core.Range;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// What not every Renode has: it is asked for, so that this file compiles on those that do not.
    internal static class Version
    {
        /// End an access in a bus fault, where there are any.
        public static void ThrowBusFault()
        {
            if(busFault != null)
            {
                var error = busFault.GetConstructors()[0].GetParameters()[0].ParameterType;
                throw (Exception)Activator.CreateInstance(busFault, Enum.Parse(error, "AddressError"));
            }
        }

        public static bool IsBusFault(Exception e) => busFault != null && busFault.IsInstanceOfType(e);

        /// Let accesses that nothing answers end in a bus fault.
        public static bool TryEnableBusFaults(IBusController bus)
        {
            if(busFault == null || !Enum.TryParse("ThrowException", out UnhandledAccessBehaviour behaviour))
            {
                return false;
            }
            bus.UnhandledAccessBehaviour = behaviour;
            return true;
        }

        /// The line that rises when the firmware writes SYSRESETREQ; null where there is none.
        public static GPIO ResetRequest(NVIC nvic) => nvic.GetType().GetProperty("SystemResetRequest")?.GetValue(nvic) as GPIO;

        /// Whether the core has given up: it executes nothing until it is reset.
        public static bool IsLockedUp(CortexM core) => core.GetType().GetProperty("IsLockedUp")?.GetValue(core) is true;

        /// Let stores to memory that the core has mapped go there, or to the bus. tlib takes the kind of a page from the low
        /// bits of its address, and has one for ROM; Renode offers only RAM.
        public static void MapMemory(CortexM core, Range range, bool writable)
        {
            var map = Function(typeof(TranslationCPU), "TlibMapRange", core) as Action<ulong, ulong>;
            map?.Invoke(range.StartAddress | (writable ? 0 : ReadOnlyMemory), range.Size);
        }

        /// Have the vectors anywhere; Renode sets them only to where something is.
        public static void SetVectors(CortexM core, uint address)
        {
            var set = Function(typeof(CortexM), "tlibSetInterruptVectorBase", core) as Action<uint, uint>;
            set?.Invoke(address, 0);
        }

        /// A function of tlib's that Renode does not offer.
        private static object Function(Type declaring, string name, CortexM core) => declaring.GetField(name, BindingFlags.NonPublic | BindingFlags.Instance)?.GetValue(core);

        private static readonly Type busFault = typeof(IBusController).Assembly.GetType("Antmicro.Renode.Peripherals.Bus.BusAccessException");

        private const ulong ReadOnlyMemory = 8; // IO_MEM_ROM
    }
}
