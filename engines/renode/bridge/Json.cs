using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

namespace Antmicro.Renode.Peripherals.Xipsim
{
    /// Facts as JSON text. Its strings are literals of Python, too.
    internal static class Json
    {
        public static string Of(object value)
        {
            switch(value)
            {
            case null:
                return "null";
            case bool truth:
                return truth ? "true" : "false";
            case string text:
                return Quoted(text);
            case Model model:
                return Map(("model", model.Id));
            case System.Collections.IEnumerable list:
                return "[" + string.Join(", ", list.Cast<object>().Select(Of)) + "]";
            default:
                return Convert.ToString(value, CultureInfo.InvariantCulture);
            }
        }

        public static string Map(params (string name, object value)[] pairs)
        {
            return "{" + string.Join(", ", pairs.Select(p => Quoted(p.name) + ": " + (p.value is Raw raw ? raw.Text : Of(p.value)))) + "}";
        }

        /// A list of texts that are JSON already.
        public static Raw List(IEnumerable<string> texts) => new Raw { Text = "[" + string.Join(",\n", texts) + "]" };

        private static string Quoted(string text)
        {
            var quoted = new StringBuilder("\"");
            foreach(var c in text)
            {
                if(c == '"' || c == '\\' || c < ' ')
                {
                    quoted.Append("\\u").Append(((int)c).ToString("x4"));
                }
                else
                {
                    quoted.Append(c);
                }
            }
            return quoted.Append('"').ToString();
        }

        public struct Raw
        {
            public string Text;
        }
    }
}
