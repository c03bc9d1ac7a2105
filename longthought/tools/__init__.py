"""Verifiers a critic can stand on, and the grader that alone sees references."""
