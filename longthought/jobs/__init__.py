"""Batch generation: many debates in flight, logged as they happen, resumed where they stopped."""
