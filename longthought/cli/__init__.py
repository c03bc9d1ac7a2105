"""The command line: one thin command a file, everything heavy imported inside the command."""
