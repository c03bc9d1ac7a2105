"""Honest comparisons: ablations, intervals, scores of critics."""
