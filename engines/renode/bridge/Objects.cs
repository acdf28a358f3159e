using System;
using Antmicro.Renode.Exceptions;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// Python's C interface, as far as accesses use it.
    ///
    /// What neither waits, nor takes long, nor runs Python's code is called without telling .NET of it.
    internal static unsafe partial class Python
    {
        public static delegate* unmanaged<IntPtr, IntPtr*, nuint, IntPtr, IntPtr> Call;
        public static delegate* unmanaged<IntPtr, ulong> Value;
        public static delegate* unmanaged<IntPtr, IntPtr, IntPtr, int> SetAttribute;
        public static delegate* unmanaged<IntPtr, nint, IntPtr> TupleItem;
        public static delegate* unmanaged<IntPtr, int> IsTrue;
        public static delegate* unmanaged<IntPtr, void> Hold, Drop, Complain;
        public static delegate* unmanaged<IntPtr> Occurred;
        public static delegate* unmanaged<IntPtr*, IntPtr*, IntPtr*, void> Fetch, Normalize;
        public static delegate* unmanaged<IntPtr, IntPtr, int> SetTraceback;
        public static IntPtr None, Asked;

        public static delegate* unmanaged[SuppressGCTransition]<ulong, IntPtr> Number;
        public static delegate* unmanaged[SuppressGCTransition]<IntPtr, void> DropNumber;
        /// Those of dictionaries whose keys and values are numbers, and of such a value.
        public static delegate* unmanaged[SuppressGCTransition]<IntPtr, IntPtr, IntPtr> Item;
        public static delegate* unmanaged[SuppressGCTransition]<IntPtr, IntPtr, IntPtr, int> SetItem;
        public static delegate* unmanaged[SuppressGCTransition]<IntPtr, ulong> Stored;

        /// Take Python's lock; `Leave` is given what this returns.
        public static int Enter()
        {
            Pin();
            return ensure();
        }

        public static void Leave(int state) => release(state);

        private static void FindObjects(IntPtr library)
        {
            IntPtr Find(string name)
            {
                var found = dlsym(library, name);
                return found != IntPtr.Zero ? found : throw new ConstructionException($"xipsim: the Python library has no {name}; take CPython 3.11 or later");
            }
            Call = (delegate* unmanaged<IntPtr, IntPtr*, nuint, IntPtr, IntPtr>)Find("PyObject_Vectorcall");
            Value = (delegate* unmanaged<IntPtr, ulong>)Find("PyLong_AsUnsignedLongLongMask");
            SetAttribute = (delegate* unmanaged<IntPtr, IntPtr, IntPtr, int>)Find("PyObject_SetAttr");
            TupleItem = (delegate* unmanaged<IntPtr, nint, IntPtr>)Find("PyTuple_GetItem");
            IsTrue = (delegate* unmanaged<IntPtr, int>)Find("PyObject_IsTrue");
            Hold = (delegate* unmanaged<IntPtr, void>)Find("Py_IncRef");
            Drop = (delegate* unmanaged<IntPtr, void>)Find("Py_DecRef");
            Complain = (delegate* unmanaged<IntPtr, void>)Find("PyErr_WriteUnraisable");
            Occurred = (delegate* unmanaged<IntPtr>)Find("PyErr_Occurred");
            Fetch = (delegate* unmanaged<IntPtr*, IntPtr*, IntPtr*, void>)Find("PyErr_Fetch");
            Normalize = (delegate* unmanaged<IntPtr*, IntPtr*, IntPtr*, void>)Find("PyErr_NormalizeException");
            SetTraceback = (delegate* unmanaged<IntPtr, IntPtr, int>)Find("PyException_SetTraceback");
            None = Find("_Py_NoneStruct");
            Number = (delegate* unmanaged[SuppressGCTransition]<ulong, IntPtr>)Find("PyLong_FromUnsignedLongLong");
            DropNumber = (delegate* unmanaged[SuppressGCTransition]<IntPtr, void>)Find("Py_DecRef");
            Item = (delegate* unmanaged[SuppressGCTransition]<IntPtr, IntPtr, IntPtr>)Find("PyDict_GetItemWithError");
            SetItem = (delegate* unmanaged[SuppressGCTransition]<IntPtr, IntPtr, IntPtr, int>)Find("PyDict_SetItem");
            Stored = (delegate* unmanaged[SuppressGCTransition]<IntPtr, ulong>)Find("PyLong_AsUnsignedLongLongMask");
            var text = (delegate* unmanaged<byte*, IntPtr>)Find("PyUnicode_InternFromString");
            var state = Enter();
            fixed(byte* name = "asked\0"u8)
            {
                Asked = text(name);
            }
            Leave(state);
        }
    }
}
