"""Evaluation: a question set put to an assistant becomes a report.

questionset  sets of our own form, SQuAD, XQuAD, MLQA, BEIR
evaluate     questions → trials → records → report; nli: a model that judges citations
calibrating  how sure a reader may be; adapting: lets it learn from a question set
measuring    how well it reads beside the right passage
baseline     compares two reports
report       the report as text; reportpage: as one HTML page
"""
