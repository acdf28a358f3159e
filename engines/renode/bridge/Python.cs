using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Antmicro.Renode.Exceptions;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// The CPython in this process: the one that hosts Renode (pyrenode3), or else one loaded here.
    internal static unsafe partial class Python
    {
        /// Start it, and xipsim in it. `calls`: where it finds and leaves the functions of both sides.
        public static void Start(IntPtr calls)
        {
            Load();
            var said = stackalloc byte[Said];
            said[0] = 0;
            Run(string.Format(Bootstrap, Literals(Settings.Path), (long)calls, Literals(Settings.Models), (long)said, Said, Settings.Module));
            if(said[0] != 0)
            {
                throw new ConstructionException("xipsim: its Python part cannot be started; write this file anew with `xipsim renode`. " + Marshal.PtrToStringUTF8((IntPtr)said));
            }
        }

        /// Give this thread a Python thread state that lasts: otherwise each call makes one and throws it away.
        public static void Pin()
        {
            if(pinned)
            {
                return;
            }
            pinned = true;
            ensure();
            saveThread();
        }

        private static void Load()
        {
            var library = IntPtr.Zero; // RTLD_DEFAULT
            if(dlsym(library, "Py_IsInitialized") == IntPtr.Zero)
            {
                library = dlopen(Settings.Library, NowAndGlobal);
                if(library == IntPtr.Zero)
                {
                    var why = File.Exists(Settings.Library) ? "cannot be loaded" : "is not there";
                    throw new ConstructionException($"xipsim: the Python library {Settings.Library} {why}; write this file anew with `xipsim renode`");
                }
            }
            ensure = (delegate* unmanaged<int>)dlsym(library, "PyGILState_Ensure");
            release = (delegate* unmanaged<int, void>)dlsym(library, "PyGILState_Release");
            saveThread = (delegate* unmanaged<IntPtr>)dlsym(library, "PyEval_SaveThread");
            runString = (delegate* unmanaged<byte*, int>)dlsym(library, "PyRun_SimpleString");
            if(((delegate* unmanaged<int>)dlsym(library, "Py_IsInitialized"))() == 0)
            {
                setenv("PYTHONHOME", Settings.Home, 1);
                ((delegate* unmanaged<int, void>)dlsym(library, "Py_InitializeEx"))(0);
                unsetenv("PYTHONHOME");
                saveThread();
                pinned = true;
            }
            FindObjects(library);
        }

        private static void Run(string code)
        {
            var state = ensure();
            fixed(byte* text = Encoding.UTF8.GetBytes(code + "\0"))
            {
                runString(text);
            }
            release(state);
        }

        private static string Literals(string[] texts)
        {
            var list = new StringBuilder();
            foreach(var text in texts)
            {
                list.Append(Json.Of(text)).Append(", ");
            }
            return list.ToString();
        }

        private const int NowAndGlobal = 0x102; // RTLD_NOW | RTLD_GLOBAL: extension modules resolve against it
        private const int Said = 0x4000;

        private const string Bootstrap = @"
def start():
    try:
        import sys
        sys.path += [folder for folder in [{0}] if folder not in sys.path]
        from {5} import start
        start({1}, [{2}])
    except BaseException:
        import ctypes, traceback
        text = traceback.format_exc().encode()[-{4} + 1 :]
        ctypes.memmove({3}, text + bytes(1), len(text) + 1)
start()
del start
";

        [ThreadStatic]
        private static bool pinned;

        private static delegate* unmanaged<int> ensure;
        private static delegate* unmanaged<int, void> release;
        private static delegate* unmanaged<IntPtr> saveThread;
        private static delegate* unmanaged<byte*, int> runString;

        [DllImport("libc.so.6")]
        private static extern IntPtr dlopen(string name, int flags);

        [DllImport("libc.so.6")]
        private static extern IntPtr dlsym(IntPtr library, string name);

        [DllImport("libc.so.6")]
        private static extern int setenv(string name, string value, int overwrite);

        [DllImport("libc.so.6")]
        private static extern int unsetenv(string name);
    }
}
