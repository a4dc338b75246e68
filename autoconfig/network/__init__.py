"""The network as a world that can be asked: the real one (live), saved answers (facts), a case given as data (scripted).

What comes from outside is bounded in size and time here, and handed on as observations. Nothing here judges.
"""
