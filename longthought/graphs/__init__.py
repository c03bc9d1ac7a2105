"""LangGraph state machines, and the pure rules they follow."""
