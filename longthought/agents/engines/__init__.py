"""In-process engines: tokens in, tokens out. Everything that imports torch in the running path lives here."""
