"""Renode as an engine: Python models inside its process, behind one generated C# file."""
