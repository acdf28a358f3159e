using System.Linq;
using Antmicro.Renode.Core;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// Other cores in the same emulation.
    ///
    /// Renode's time is that of the core that is furthest behind, and what is due is done on the thread of the core that lets it
    /// go on. So ours goes last: when the others have used up their time, ours alone lets it go on, each instruction counts at
    /// once, and nothing happens on another thread while ours executes. Where it is not so all the same (for a moment, or
    /// because the user has the cores execute in parallel) what is due waits for our own thread.
    internal sealed unsafe partial class Board
    {
        private void MindOthers()
        {
            emulation.MachineAdded += ExecuteInTurn;
            if(emulation.MachinesCount > 1 || bus.GetCPUs().Count() > 1)
            {
                ExecuteInTurn(null);
                Machine.LocalTimeSource.RegisterSink(core); // behind the others
            }
            core.TimeHandle.ReportedBack += OnReportedBack;
        }

        private void ExecuteInTurn(IMachine other)
        {
            hasOthers = true;
            Machine.LocalTimeSource.ExecuteInSerial = true;
        }

        /// The core has given its time back: it stands between two instructions.
        private void OnReportedBack()
        {
            if(hasOthers && core.OnPossessedThread && (late || wantsToStand))
            {
                LookAfterAll();
            }
        }

        private bool IsOnOthersThread => hasOthers && !core.OnPossessedThread;

        private void ForgetOthers() => emulation.MachineAdded -= ExecuteInTurn;

        private readonly Emulation emulation = EmulationManager.Instance.CurrentEmulation;
        private volatile bool hasOthers;

        /// Something has become due on the thread of another core.
        private volatile bool late;
    }
}
