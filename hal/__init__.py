"""What the outside world is: links, codecs, devices and the words for them.

Never imports `firmware_py` or `sim` (checked by import-linter).
"""
