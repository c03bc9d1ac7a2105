"""How debates are observed from outside: spans, LangSmith runs and structured logs, all off by default."""
