"""Texts and JSON made readable: pure functions from values to what a template shows.

Everything here treats its input as hostile, is bounded in time and size, and gives either plain
values, which a template escapes, or HTML that has passed a sanitiser.
"""
