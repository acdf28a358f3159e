using System;
using System.Runtime.CompilerServices;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// The whole 32-bit registers of a model. An access goes straight to what the model calls for it, and where a
    /// register only holds a value, to the dictionary of the model's values. What stands behind an offset Python says
    /// once, at the first access: see `Words` in peripherals/core/access.py.
    internal sealed unsafe class Words
    {
        /// Stored values by offset; find(offset); what has `asked`; failed(error, offset, value or None). With Python's lock held.
        public Words(long size, IntPtr values, IntPtr find, IntPtr questions, IntPtr failed)
        {
            (this.values, this.find, this.questions, this.failed) = (values, find, questions, failed);
            foreach(var kept in new[] { values, find, questions, failed })
            {
                Python.Hold(kept);
            }
            words = new Word[size / WordSize];
        }

        /// Null where there is no whole register.
        public Word Find(long offset)
        {
            if(offset % WordSize != 0 || (ulong)offset / WordSize >= (ulong)words.Length)
            {
                return null;
            }
            return words[offset / WordSize] ?? (words[offset / WordSize] = Ask(offset));
        }

        // Calls within a block that catches are slower: these two stand for themselves.

        [MethodImpl(MethodImplOptions.NoInlining)]
        public uint Read(Word word)
        {
            var state = Python.Enter();
            Begin(word, word.IsReadStored);
            var value = word.IsReadStored ? Python.Stored(Python.Item(values, word.Offset)) : Call(word);
            Python.Leave(state);
            return (uint)value;
        }

        [MethodImpl(MethodImplOptions.NoInlining)]
        public void Write(Word word, uint value)
        {
            var state = Python.Enter();
            Begin(word, word.IsWriteStored);
            var number = Python.Number(value);
            if(word.IsWriteStored || IsOnlyStored(word))
            {
                Python.SetItem(values, word.Offset, number);
            }
            else
            {
                var result = Python.Call(word.Writer, &number, 1, IntPtr.Zero);
                if(result == IntPtr.Zero)
                {
                    TellFailure(word, number);
                }
                else
                {
                    Python.Drop(result);
                }
            }
            Python.DropNumber(number);
            Python.Leave(state);
        }

        private Word Ask(long offset)
        {
            var state = Python.Enter();
            var number = Python.Number((ulong)offset);
            var found = Python.Call(find, &number, 1, IntPtr.Zero);
            var word = new Word { Offset = number };
            if(found == IntPtr.Zero)
            {
                Python.Complain(find);
            }
            else
            {
                word.IsNeutral = Python.IsTrue(Python.TupleItem(found, 0)) != 0;
                word.Reader = Kept(Python.TupleItem(found, 1));
                word.Writer = Kept(Python.TupleItem(found, 2));
                word.IsReadStored = word.Reader == values;
                word.IsWriteStored = word.Writer == values;
                var gate = Python.TupleItem(found, 3);
                if(gate != Python.None)
                {
                    word.Gate = Kept(Python.TupleItem(gate, 0));
                    word.Closed = Python.Value(Python.TupleItem(gate, 1));
                }
                Python.Drop(found);
            }
            Python.Leave(state);
            return word;
        }

        private bool IsOnlyStored(Word word) => word.Gate != IntPtr.Zero && (Python.Stored(Python.Item(values, word.Gate)) & word.Closed) == 0;

        private static IntPtr Kept(IntPtr handler)
        {
            if(handler == Python.None)
            {
                return IntPtr.Zero;
            }
            Python.Hold(handler);
            return handler;
        }

        private void Begin(Word word, bool isStored)
        {
            if(!word.IsNeutral && MayHaveAsked)
            {
                Python.SetAttribute(questions, Python.Asked, Python.None);
                MayHaveAsked = !isStored;
            }
        }

        private ulong Call(Word word)
        {
            var result = Python.Call(word.Reader, null, 0, IntPtr.Zero);
            if(result != IntPtr.Zero)
            {
                var value = Python.Value(result);
                Python.Drop(result);
                if(value != ulong.MaxValue || Python.Occurred() == IntPtr.Zero)
                {
                    return value;
                }
            }
            TellFailure(word, Python.None);
            return 0;
        }

        private void TellFailure(Word word, IntPtr value)
        {
            IntPtr kind, error, trace;
            Python.Fetch(&kind, &error, &trace);
            Python.Normalize(&kind, &error, &trace);
            if(trace != IntPtr.Zero)
            {
                Python.SetTraceback(error, trace);
                Python.Drop(trace);
            }
            var arguments = stackalloc[] { error, word.Offset, value };
            var result = Python.Call(failed, arguments, 3, IntPtr.Zero);
            if(result == IntPtr.Zero)
            {
                Python.Complain(failed);
            }
            else
            {
                Python.Drop(result);
            }
            Python.Drop(kind);
            Python.Drop(error);
        }

        /// Whether Python was at work since `asked` was last cleared: an access to what only holds a value asks nothing.
        public static bool MayHaveAsked = true;

        private readonly IntPtr values, find, questions, failed;
        private readonly Word[] words;

        private const int WordSize = 4;
    }

    /// What is called for one register, or the dictionary that has its value; zero: the access takes the long way. Where
    /// there is a gate, a write is only stored while what is stored at that offset has none of the bits that close it.
    internal sealed class Word
    {
        public IntPtr Offset, Reader, Writer, Gate;
        public ulong Closed;
        public bool IsNeutral, IsReadStored, IsWriteStored;
    }
}
