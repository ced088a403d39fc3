"""Retrieval: a question → the passages that may answer it, best first.

filtering      what a filter lets through: days, newspaper, author
hybrid_search  question → query → fused candidates → hits
question_type  what kind of thing a question asks for
question_kind  what a question asks for as a whole: facts, or an overview
comparison     what to ask of each side of a question that compares two things
"""
