"""The pages of moderation, and what other rooms show of it."""

from consult.moderation.views import appeals as appeals
from consult.moderation.views import extensions as extensions
from consult.moderation.views import flags as flags
from consult.moderation.views import queue as queue
from consult.moderation.views import reading as reading
from consult.moderation.views import register as register
from consult.moderation.views import rephrasing as rephrasing
from consult.moderation.views.filters import bp as bp
