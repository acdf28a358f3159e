using System;
using Antmicro.Renode.Core;
using Antmicro.Renode.Peripherals.Bus;
using Antmicro.Renode.Peripherals.CPU;
using Antmicro.Renode.Peripherals.IRQControllers;

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

        private static readonly Type busFault = typeof(IBusController).Assembly.GetType("Antmicro.Renode.Peripherals.Bus.BusAccessException");
    }
}
