using System;
using System.Runtime.InteropServices;
using System.Threading;
using Antmicro.Renode.Core;
using Antmicro.Renode.Exceptions;
using Antmicro.Renode.PlatformDescription;
using Antmicro.Renode.PlatformDescription.UserInterface;
using Antmicro.Renode.Time;
using Antmicro.Renode.UserInterface;
using Antmicro.Renode.UserInterface.Tokenizer;
using AntShell.Commands;

namespace Antmicro.Renode.UserInterface
{
    /// `xipsim_engine @board.repl`: what a process that is xipsim's engine does, until it ends.
    ///
    /// A script of monitor commands would do the same, but the first command on an object has the monitor look for
    /// everything that could be said to it, which takes longer than to read the platform.
    public class XipsimEngineCommand : AutoLoadCommand
    {
        public XipsimEngineCommand(Monitor monitor) : base(monitor, "xipsim_engine", "runs a platform as xipsim's engine.")
        {
        }

        [Runnable]
        public void Run(ICommandInteraction writer, StringToken platform)
        {
            var emulation = EmulationManager.Instance.CurrentEmulation;
            var machine = new Machine();
            emulation.AddMachine(machine);
            // What a platform says to the monitor are names of ranges, which the models' end knows already.
            var usings = new PlatformDescriptionMachineExtensions.UsingResolver(monitor.CurrentPathPrefixes);
            try
            {
                new CreationDriver(machine, usings, new FakeScriptHandler()).ProcessFile(platform.Value);
            }
            catch(RecoverableException e)
            {
                Console.Error.WriteLine("Renode does not take the platform: {0}", string.Join(" ", e.Message.Split((char[])null, StringSplitOptions.RemoveEmptyEntries)));
                Exit(Unusable);
            }
            emulation.SetGlobalQuantum(TimeInterval.FromMilliseconds(QuantumInMilliseconds));
            emulation.SetAdvanceImmediately(true);
            emulation.StartAll();
            Thread.Sleep(Timeout.Infinite); // what comes after it in the script is reached only if it has failed
        }

        [DllImport("libc", EntryPoint = "_exit")]
        private static extern void Exit(int code);

        private const int Unusable = 78; // the last line says why; `messages.py` has the same
        private const ulong QuantumInMilliseconds = 10;
    }
}
