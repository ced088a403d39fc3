"""What each command does: it calls and prints, and returns its exit code.

corpus    index, sync, backup, restore, doctor
asking    search, ask, eval, train
proofs    verify, feedback, and the cards of answers
serving   serve, mcp, user, key
"""
