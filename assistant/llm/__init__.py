"""Language models: opened from a spec, streamed, and their failures in our words.

models        specs → LangChain chat models (``open_llm``, ``check``, ``name_of``)
available     which of them could be used here
streaming     one exchange with a model, piece by piece (``speak``)
failures      a provider's failures as ours (``translated``)
tracing       whether LangSmith is told of it (``traced``)
cancellation  whether an answer that is still written was stopped
"""
