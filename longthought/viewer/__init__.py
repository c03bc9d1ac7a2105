"""The viewer: a small local server, and the page that it serves.

answers     what the server answers, as types; the page's TypeScript types are made from them
"""
