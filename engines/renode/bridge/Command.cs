using Antmicro.Renode.UserInterface;
using Antmicro.Renode.UserInterface.Commands;
using Antmicro.Renode.UserInterface.Tokenizer;
using Antmicro.Renode.Peripherals.Xipsim;
using AntShell.Commands;

namespace Antmicro.Renode.UserInterface
{
    /// `xipsim nor @nor.bin`: what the flash chip of that name holds at power-on.
    public class XipsimCommand : AutoLoadCommand
    {
        public XipsimCommand(Monitor monitor) : base(monitor, "xipsim", "puts the bytes of a file into one of xipsim's models that keeps them, or into a memory, before the first start.")
        {
        }

        [Runnable]
        public void Run(ICommandInteraction writer, LiteralToken entry, StringToken file)
        {
            var board = Board.Current;
            var wrong = board == null ? "xipsim: load the platform first" : board.Load(entry.Value, file.Value);
            if(wrong != null)
            {
                writer.WriteError(wrong);
            }
        }
    }

    /// Instead of Renode's own `Save`, which fails with models that live in Python, and says nothing of them.
    public class XipsimSaveCommand : AutoLoadCommand
    {
        public XipsimSaveCommand(Monitor monitor) : base(monitor, "Save", "is not possible in a Renode that has xipsim's models.")
        {
        }

        [Runnable]
        public void Run(ICommandInteraction writer, PathToken file)
        {
            writer.WriteError("xipsim: Renode cannot save models that live in Python. Without Renode xipsim can: `Machine.snapshot` and, for what chips hold, `--state`");
        }
    }
}
