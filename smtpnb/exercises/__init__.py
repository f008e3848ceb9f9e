"""The exercises of the course: `check("classify", classify)` says whether an answer is right, and if not, why.

Each module here holds the exercises of one notebook, as data. An exercise judges whatever it asks for: a value, a
function, a reply, a client, a transcript. A learner's mistake is never an error of the notebook: `check` catches what
a learner's function does and says what happened.
"""

from smtpnb.exercises.checking import WrongAnswer, check
from smtpnb.exercises.exercise import Exercise, Verdict

__all__ = ["Exercise", "Verdict", "WrongAnswer", "check"]
