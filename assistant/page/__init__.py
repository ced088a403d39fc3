"""The page: the Gradio chat, its reader and its panels.

chat      parts and events of the page (``build``)
labels    its words in every language, and its addresses
event_data  what its scripts send with events
skeleton  what is seen until its scripts have come
theme     its looks; mounts it
visitors  what the server holds of each who comes
"""

import atexit
import os
import shutil
import tempfile

# Read while Gradio is imported. Its own folder for what is sent to it is one that all accounts of
# the machine share; this one is the account's alone, and goes with the process.
if not os.environ.get("GRADIO_TEMP_DIR"):
    os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="assistant-")
    atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)
