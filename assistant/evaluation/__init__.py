"""Evaluation: a question set put to an assistant becomes a report.

Data flows: questions → trials → records → report → page.
"""
