using System;
using System.Collections.Generic;
using System.Linq;
using Antmicro.Renode.Core;
using Antmicro.Renode.Core.Structure;
using Antmicro.Renode.Peripherals.Bus;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// What Renode sees of a model that lives in Python. Generated classes say which of it a model has.
    public abstract unsafe class Model : IPeripheral
    {
        protected Model(IMachine machine, string type, params (string name, object value)[] parameters)
        {
            Type = type;
            Parameters = Json.Map(parameters.Where(p => p.value != null).ToArray());
            board = Board.Of(machine);
            Id = board.Add(this);
        }

        public void Reset()
        {
            // The whole machine is reset, by one of Python's models: see Board.
        }

        protected GPIO Line()
        {
            var line = new GPIO();
            Lines.Add(line);
            return line;
        }

        protected IReadOnlyDictionary<int, IGPIO> Pins(int count) => Enumerable.Range(0, count).ToDictionary(i => i, i => (IGPIO)Line());

        protected void Place(IPeripheral child, NumberRegistrationPoint<int> point) => board.Machine.RegisterAsAChildOf(this, child, point);

        protected void TakeAway(IPeripheral child) => board.Machine.UnregisterAsAChildOf(this, child);

        protected void Input(int number, bool level)
        {
            Inputs[number] = level;
            board.Input(Id, number, level);
        }

        protected void Typed(byte character) => board.Typed(Id, character);

        protected uint Read(int port, long offset, int size) => (uint)board.Read(Ports[port], offset, size);

        protected void Write(int port, long offset, int size, uint value) => board.Write(Ports[port], offset, size, value);

        internal readonly int Id;
        internal readonly string Type;
        internal readonly string Parameters;
        internal readonly List<GPIO> Lines = new List<GPIO>();
        internal readonly Dictionary<int, bool> Inputs = new Dictionary<int, bool>();
        /// Registers first, then the regions, in the order in which the model declares them.
        internal readonly Port[] Ports = Enumerable.Range(0, MostPorts).Select(_ => new Port()).ToArray();
        internal Action<byte> Sent = delegate { };

        private readonly Board board;

        private const int MostPorts = 8;
    }

    /// A model with registers on the bus.
    [AllowedTranslations(AllowedTranslation.QuadWordToDoubleWord)] // VLDR.64 and VLDM
    public abstract class BusModel : Model, IBytePeripheral, IWordPeripheral, IDoubleWordPeripheral, IKnownSize
    {
        protected BusModel(IMachine machine, string type, long size, params (string name, object value)[] parameters) : base(machine, type, parameters)
        {
            Size = size;
        }

        public byte ReadByte(long offset) => (byte)Read(0, offset, 1);
        public ushort ReadWord(long offset) => (ushort)Read(0, offset, 2);
        public uint ReadDoubleWord(long offset) => Read(0, offset, 4);
        public void WriteByte(long offset, byte value) => Write(0, offset, 1, value);
        public void WriteWord(long offset, ushort value) => Write(0, offset, 2, value);
        public void WriteDoubleWord(long offset, uint value) => Write(0, offset, 4, value);

        public long Size { get; }
    }

    /// Python's functions behind a range of the bus.
    internal unsafe class Port
    {
        public delegate* unmanaged<int, long, int, ulong> Read;
        public delegate* unmanaged<int, long, ulong, int, void> Write;
        public delegate* unmanaged<int, long, int, ulong> Peek;
        /// A short cut for some of them, from the core; or null.
        public Words Words;
        /// Those that lie behind it.
        public readonly List<Board.Window> Windows = new List<Board.Window>();
    }

    /// A range that has only a name.
    [AllowedTranslations(AllowedTranslation.QuadWordToDoubleWord)]
    internal sealed class Tag : IBytePeripheral, IWordPeripheral, IDoubleWordPeripheral, IKnownSize
    {
        public Tag(Board board, Port port, long before, long size)
        {
            this.board = board;
            this.port = port;
            this.before = before;
            Size = size;
        }

        public void Reset()
        {
        }

        public byte ReadByte(long offset) => (byte)board.Read(port, before + offset, 1);
        public ushort ReadWord(long offset) => (ushort)board.Read(port, before + offset, 2);
        public uint ReadDoubleWord(long offset) => (uint)board.Read(port, before + offset, 4);
        public void WriteByte(long offset, byte value) => board.Write(port, before + offset, 1, value);
        public void WriteWord(long offset, ushort value) => board.Write(port, before + offset, 2, value);
        public void WriteDoubleWord(long offset, uint value) => board.Write(port, before + offset, 4, value);

        public long Size { get; }

        private readonly Board board;
        private readonly Port port;
        private readonly long before;
    }
}
