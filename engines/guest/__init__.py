"""The models' end of every engine: what builds, runs, watches and saves a machine."""
