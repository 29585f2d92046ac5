"""The steps of a build: functions on parts that the engine maps, and the reductions between them.

Parts and results are small values; records travel through files in the work folder. `verbs/build.py` tells the story.
"""
